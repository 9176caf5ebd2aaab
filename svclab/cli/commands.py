"""The table of commands: where each lives and what it says of itself. A module is imported when it is called."""

from typing import NamedTuple

import click

from svclab.cli.errors import BadUsage


class Entry(NamedTuple):
    """Where a command lives, and its line in the list of commands."""

    module: str
    attribute: str
    help: str


def _verb(name: str, help_text: str) -> Entry:
    module = name.replace("-", "_")
    return Entry(f"svclab.cli.verbs.{module}", module, help_text)


def _lifecycle(name: str, help_text: str) -> Entry:
    return Entry(f"svclab.cli.lifecycle.{name}", name, help_text)


SECTIONS: dict[str, dict[str, Entry]] = {
    "Cluster Commands": {
        "up": _lifecycle("up", "Start a cluster"),
        "down": _lifecycle("down", "Stop a cluster"),
        "clusters": _lifecycle("clusters", "List the clusters of this user"),
        "status": _lifecycle("status", "Show the processes and nodes of a cluster"),
        "node": _lifecycle("node", "Add, remove, stop and start nodes, or run a command in one"),
        "context": _lifecycle("context", "Name API servers that answer on TCP, and choose one"),
        "token": _lifecycle("token", "Make tokens by which nodes join"),
        "outside": _lifecycle("outside", "Run a command where a client outside of the cluster would be"),
        "cloud": _verb("cloud", "Show the mock cloud's load balancers, or let it fail on purpose"),
        "cluster-info": _verb("cluster-info", "Display addresses of the control plane"),
    },
    "Basic Commands": {
        "create": _verb("create", "Create a resource from a file or from stdin"),
        "expose": _verb("expose", "Take a pod or a service and expose it as a new service"),
        "run": _verb("run", "Run a particular image on the cluster"),
        "explain": _verb("explain", "Get documentation for a resource"),
        "get": _verb("get", "Display one or many resources"),
        "edit": _verb("edit", "Edit a resource on the server"),
        "delete": _verb("delete", "Delete resources by file names, stdin, resources and names, or by label selector"),
    },
    "Troubleshooting and Debugging Commands": {
        "describe": _verb("describe", "Show details of a specific resource or group of resources"),
        "logs": _verb("logs", "Print the logs for a container in a pod"),
        "exec": Entry("svclab.cli.verbs.exec", "exec_", "Execute a command in a container"),
        "port-forward": _verb("port-forward", "Forward one or more local ports to a pod"),
        "events": _verb("events", "List events"),
        "trace": _verb("trace", "Say the way of one packet through the cluster, and send one to see"),
    },
    "Advanced Commands": {
        "diff": _verb("diff", "Diff the live version against a would-be applied version"),
        "apply": _verb("apply", "Apply a configuration to a resource by file name or stdin"),
        "patch": _verb("patch", "Update fields of a resource"),
        "replace": _verb("replace", "Replace a resource by file name or stdin"),
        "wait": _verb("wait", "Wait for a specific condition on one or many resources"),
    },
    "Settings Commands": {
        "label": _verb("label", "Update the labels on a resource"),
        "annotate": _verb("annotate", "Update the annotations on a resource"),
        "completion": _verb("completion", "Output shell completion code for bash, zsh or fish"),
    },
    "Other Commands": {
        "api-resources": _verb("api-resources", "Print the supported API resources"),
        "convert": _verb("convert", "Convert manifests between YAML, JSON and Kubernetes' protobuf form"),
        "help": Entry("svclab.cli.verbs.help", "help_", "Show the help of a command"),
        "options": _verb("options", "List the options that every command takes"),
        "version": _verb("version", "Print the client and server version information"),
    },
}

COMMANDS: dict[str, Entry] = {name: entry for section in SECTIONS.values() for name, entry in section.items()}


class Commands(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        from importlib import import_module

        command: click.Command = getattr(import_module(entry.module), entry.attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise BadUsage(f'unknown command "{args[0]}" for "svclab"{_suggestion(args[0])}')
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write("svclab runs and controls Kubernetes Services clusters that start in a second.\n")
        for title, entries in SECTIONS.items():
            formatter.write(f"\n{title}:\n")
            for name, entry in entries.items():
                formatter.write(f"  {name:<15} {entry.help}\n")
        formatter.write("\nUsage:\n  svclab [options] COMMAND [ARGS]\n\n")
        formatter.write('Use "svclab COMMAND --help" for more information about a given command.\n')
        formatter.write('Use "svclab options" for a list of global command-line options (applies to all commands).\n')


def _suggestion(word: str) -> str:
    from difflib import get_close_matches

    matches = get_close_matches(word, COMMANDS, n=1)
    return f'; did you mean "{matches[0]}"?' if matches else ""

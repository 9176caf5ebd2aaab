"""The entry point: the table of commands, and the one place where failures become exit codes."""

import os
import signal
import sys
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

import click

from svclab.cli.command import global_options
from svclab.cli.errors import BadUsage, CliError, api_error_text, api_error_type
from svclab.cli.messages import complain
from svclab.cli.settings import Settings


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
        "outside": _lifecycle("outside", "Run a command where a client outside of the cluster would be"),
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


def _show_version(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted:
        from svclab.cli.verbs.version import client_version

        click.echo(f"svclab {client_version()}")
        ctx.exit()


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@global_options
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, hidden=True)
@click.pass_context
def cli(ctx: click.Context) -> None:
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def run(args: Sequence[str] | None = None, settings: Settings | None = None) -> int:
    """Runs one command line (default: sys.argv) and returns its exit code. A failure is one line on stderr."""
    settings = settings or Settings()
    try:
        result = cli.main(args, prog_name="svclab", standalone_mode=False, obj=settings)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except (BrokenPipeError, SystemExit):  # click makes an exit of a broken pipe
        return _leave_quietly()
    except (KeyboardInterrupt, click.Abort):
        return 128 + signal.SIGINT
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except Exception as error:
        if settings.verbose:
            raise
        return _report(error)


def _report(error: Exception) -> int:
    """Says in one line what went wrong; the exit code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.ctx.get_help() if error.ctx else "")
        return 0
    if isinstance(error, click.UsageError):
        complain(f"error: {_lower_first(error.format_message())}{_see_help(error.ctx)}")
        return 1
    if isinstance(error, BadUsage):
        complain(f"error: {error}")
        return 1
    if isinstance(error, CliError):
        if str(error):
            complain(str(error) if str(error).startswith(("Error from", "error:", "The ")) else f"error: {error}")
        return error.exit_code
    if isinstance(error, click.ClickException):
        complain(f"error: {error.format_message()}")
        return 1
    if isinstance(error, api_error_type()):
        complain(api_error_text(error))
        return 1
    if isinstance(error, OSError):
        complain(f"error: {os.strerror(error.errno) if error.errno else error}{_of_file(error)}")
        return 1
    complain(f"error: {type(error).__name__}: {error} (run again with -v for the traceback)")
    return 1


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")


def _see_help(ctx: click.Context | None) -> str:
    return f"\nSee '{ctx.command_path} --help' for usage." if ctx else ""


def _of_file(error: OSError) -> str:
    return f": {error.filename}" if error.filename else ""


def _leave_quietly() -> int:
    """The reader of our output has gone; Python must not complain when it flushes stdout at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 128 + signal.SIGPIPE


def main() -> NoReturn:
    """The console script. It leaves without the interpreter's own clean-up, which takes 20 ms and has nothing to do."""
    exit_code = run()
    sys.stderr.flush()
    os._exit(exit_code)

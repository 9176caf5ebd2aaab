"""A command that takes its flags as kubectl's do, and whose help reads like kubectl's."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click

from svclab.cli.global_options import global_parameters
from svclab.cli.help_text import help_text

_SHORT_WITH_VALUE = re.compile(r"-[a-zA-Z]=")
_FLAG_WITH_VALUE = re.compile(r"(--?[a-zA-Z][-a-z]*)=(true|false|1|0)$")


class Command(click.Command):
    """One verb.

    `--flag=false`, `-o=yaml` and `-v=6` are understood as kubectl understands them. With `takes_command`, what follows
    `--` is a command for a container: it is handed over untouched as the parameter `command`.
    """

    def __init__(
        self, *args: Any, examples: str = "", usage: str = "", takes_command: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples.strip()
        self.usage = usage
        self.takes_command = takes_command
        self.params.extend(global_parameters(hidden=True))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        command: list[str] = []
        if self.takes_command and "--" in args:
            split = args.index("--")
            args, command = args[:split], args[split + 1 :]
        rest = super().parse_args(ctx, list(self._kubectl_forms(args)))
        if self.takes_command:
            ctx.params["command"] = tuple(command)
        return rest

    def _kubectl_forms(self, args: Sequence[str]) -> Iterator[str]:
        """Rewrites what pflag allows and click does not."""
        flags = {
            name: option
            for option in self.params
            if isinstance(option, click.Option) and option.is_flag
            for name in option.opts
        }
        for at, arg in enumerate(args):
            if arg == "--":
                yield from args[at:]
                return
            if re.fullmatch(r"--?v=?\d+", arg):
                yield "-v"
                continue
            found = _FLAG_WITH_VALUE.match(arg)
            if found and found[1] in flags:
                yield from _flag_form(flags[found[1]], found[1], found[2] in ("true", "1"))
            elif _SHORT_WITH_VALUE.match(arg):
                yield arg[:2] + arg[3:]
            else:
                yield arg

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write(help_text(self, ctx, self.examples, self.usage))


class CommandGroup(Command, click.Group):
    """A verb with verbs below it, such as `create service`; alone it is a verb too.

    Flags that stand before the verb below are that verb's, as for kubectl: `create --dry-run=client service ...`.
    """

    command_class = Command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return click.Group.parse_args(self, ctx, self._flags_last(list(self._kubectl_forms(args))))

    def _flags_last(self, args: list[str]) -> list[str]:
        """The arguments with the verb below first, if there is one, and what stood before it behind its own."""
        own = {name: option for option in self.params if isinstance(option, click.Option) for name in option.opts}
        at = 0
        while at < len(args) and args[at].startswith("-") and args[at] != "--":
            flag, at = args[at], at + 1
            # A flag that only the verb below knows may have a value, unless that verb follows at once.
            verb_follows = at < len(args) and args[at] in self.commands
            at += not own[flag].is_flag if flag in own else "=" not in flag and not verb_follows
        if at >= len(args) or args[at] not in self.commands:
            return args
        end = args.index("--") if "--" in args else len(args)
        return [*args[at:end], *args[:at], *args[end:]]


def _flag_form(option: click.Option, name: str, value: bool) -> Iterator[str]:
    if value:
        yield name
    elif option.secondary_opts:
        yield option.secondary_opts[0]


def command(name: str, **kwargs: Any) -> Callable[[Callable[..., Any]], Command]:
    """Makes a function the command `name`; its docstring is the help."""
    return click.command(name, cls=Command, **kwargs)

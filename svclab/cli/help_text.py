"""The help of a command, laid out as kubectl lays it out."""

from collections.abc import Iterator
from inspect import cleandoc

import click


def help_text(command: click.Command, ctx: click.Context, examples: str, usage: str) -> str:
    """What the command does, examples, the verbs below it, its own options, and its usage."""
    return "".join(_parts(command, ctx, examples, usage))


def _parts(command: click.Command, ctx: click.Context, examples: str, usage: str) -> Iterator[str]:
    yield f"{cleandoc(command.help or '')}\n"
    if examples:
        yield "\nExamples:\n"
        yield from (f"  {line}".rstrip() + "\n" for line in examples.splitlines())
    if isinstance(command, click.Group):
        yield "\nAvailable Commands:\n"
        for name, below in command.commands.items():
            if name == below.name:  # not an alias
                yield f"  {name:<13} {_first_line(below)}\n"
    shown = [option for option in command.params if isinstance(option, click.Option) and not option.hidden]
    if shown:
        yield "\nOptions:\n"
        yield "\n".join(map(flag_help, shown))
    yield f"\nUsage:\n  {ctx.command_path} {usage}".rstrip() + "\n"
    yield '\nUse "svclab options" for a list of global command-line options (applies to all commands).\n'


def flag_help(option: click.Option) -> str:
    """One flag as kubectl prints it: names and default, then the help below it."""
    names = ", ".join(sorted(option.opts, key=len))
    return f"    {names}{_default_text(option)}:\n\t{option.help or ''}\n"


def _default_text(option: click.Option) -> str:
    if option.is_flag:
        return f"={str(option.default is True).lower()}"
    if option.multiple:
        return "=[]"
    default = option.default if isinstance(option.default, (str, int, float)) else ""
    return f"='{default}'" if isinstance(default, str) else f"={default}"


def _first_line(command: click.Command) -> str:
    return (command.help or "").strip().splitlines()[0]

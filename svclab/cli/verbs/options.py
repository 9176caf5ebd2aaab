"""`svclab options`."""

import click

from svclab.cli.command import command
from svclab.cli.help_text import flag_help


@command("options")
@click.pass_context
def options(ctx: click.Context) -> None:
    """List the options that every command takes."""
    click.echo("The following options can be passed to any command:\n")
    for option in ctx.find_root().command.params:
        if isinstance(option, click.Option) and not option.hidden and "--help" not in option.opts:
            click.echo(flag_help(option))

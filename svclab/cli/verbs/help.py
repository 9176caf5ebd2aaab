"""`svclab help`."""

import click

from svclab.cli.command import command


@command("help", examples="svclab help create service", usage="[COMMAND ...]")
@click.argument("words", nargs=-1)
@click.pass_context
def help_(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Show the help of a command; the same as COMMAND --help."""
    root = ctx.find_root()
    if words:
        root.command.main([*words, "--help"], prog_name=root.info_name, standalone_mode=False, obj=root.obj)
    else:
        click.echo(root.get_help())

"""`svclab completion`."""

import click
from click.shell_completion import get_completion_class

from svclab.cli.command import command

EXAMPLES = """
# In ~/.bashrc
source <(svclab completion bash)

# In ~/.zshrc
source <(svclab completion zsh)

# For fish
svclab completion fish > ~/.config/fish/completions/svclab.fish
"""


@command("completion", examples=EXAMPLES, usage="SHELL")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Output shell completion code for bash, zsh or fish.

    It completes commands, options, kinds and the names of objects of the running cluster.
    """
    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(ctx.find_root().command, {}, "svclab", "_SVCLAB_COMPLETE").source())

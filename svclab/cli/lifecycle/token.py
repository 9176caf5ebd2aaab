"""`svclab token`: what lets a node join."""

from pathlib import Path

import click

from svclab.cli.command import CommandGroup
from svclab.cli.errors import CliError
from svclab.cli.settings import settings
from svclab.cli.target import find_place

EXAMPLES = """
# A token by which the node node-7 can join within 15 minutes
svclab token create node-7 --out ./node-7-token

# On the node
python -m node_agent --node-name node-7 --server HOST:PORT --join-token ./node-7-token --credentials DIR ...
"""


@click.group("token", cls=CommandGroup, examples=EXAMPLES, usage="COMMAND")
def token() -> None:
    """Make tokens by which nodes join."""


@token.command("create", usage="[NODE] --out DIR")
@click.argument("node", default="")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the token; made if missing.")
def create(node: str, out: Path) -> None:
    """Make a join token for one node, or for any. It is a folder that only you can read, and good for 15 minutes."""
    place = find_place(settings().server, settings().cluster)
    if place.credentials is None:
        raise CliError(f"the API server at {place.address} has no tokens: nodes join over TCP")
    import asyncio

    from svclab.client.credentials import Credentials
    from svclab.client.joining import join_token

    asyncio.run(join_token(place.address, Credentials.load(place.credentials), node)).save(out)
    click.echo(f"token for {f'node {node}' if node else 'any node'} written to {out}")

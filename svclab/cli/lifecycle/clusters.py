"""`svclab clusters`."""

import json

import click

from svclab.cli.command import command
from svclab.cli.tables import TableWriter
from svclab.cluster.driver import is_running
from svclab.cluster.errors import ClusterError
from svclab.cluster.state import StateFolder, all_folders

HEADER = ("NAME", "STATUS", "NODES", "NODE-SUBNET", "STATE")


@command("clusters", usage="[-o json]")
@click.option("-o", "--output", type=click.Choice(["json"]), help="Output format.")
def clusters(output: str | None) -> None:
    """List the clusters of this user, running or stopped."""
    rows = [_row(state) for state in all_folders()]
    if output == "json":
        names = ("name", "status", "nodes", "nodeSubnet", "state")
        click.echo(json.dumps([dict(zip(names, row, strict=True)) for row in rows], indent=2))
    elif rows:
        click.echo(TableWriter(()).align([HEADER, *([str(cell) for cell in row] for row in rows)]), nl=False)
    else:
        click.echo("No clusters. Start one with `svclab up`.", err=True)


def _row(state: StateFolder) -> tuple[str, str, int, str, str]:
    try:
        config = state.load()
    except ClusterError:
        return state.name, "Damaged", 0, "", str(state.root)
    try:
        status = "Running" if is_running(state) else "Stopped"
    except ClusterError:
        status = "Unknown"
    return state.name, status, len(config.nodes), ",".join(map(str, config.networking.node_subnets)), str(state.root)

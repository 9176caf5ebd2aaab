"""`svclab context`: API servers on TCP, by name."""

from pathlib import Path

import click

from svclab.cli import contexts
from svclab.cli.command import CommandGroup
from svclab.cli.errors import BadUsage, CliError
from svclab.cli.lifecycle.choice import cluster_errors
from svclab.cli.settings import settings
from svclab.cli.tables import TableWriter
from svclab.client.credentials import Credentials
from svclab.cluster.document import dns_label
from svclab.cluster.errors import ClusterError

EXAMPLES = """
# The cluster of compose/compose.yaml, whose administrator's credentials are in its container
svclab context add lab --container svclab-api-1

# An API server elsewhere, with credentials in a folder
svclab context add far --server lab.example.org:6443 --credentials ~/lab-admin

# Use one of them in all commands that name no other, or none again
svclab context use lab
svclab context use --none
"""


@click.group("context", cls=CommandGroup, examples=EXAMPLES, usage="COMMAND [NAME]")
def context() -> None:
    """Name API servers that answer on TCP, and choose one."""


@context.command("add", usage="NAME (--server HOST:PORT --credentials DIR | --container CONTAINER)")
@click.argument("name")
@click.option("--credentials", type=click.Path(path_type=Path), help="Folder of ca.crt, client.crt and client.key.")
@click.option("--container", default="", help="Take both from this container of the local docker engine.")
def add(name: str, credentials: Path | None, container: str) -> None:
    """Add a context, or change one."""
    address = settings().server
    if bool(container) == bool(address and credentials):
        raise BadUsage("give either --container, or --server and --credentials")
    with cluster_errors():
        endpoint = contexts.endpoint(dns_label(name, "context name"))
        if container:
            from svclab.cluster.docker.access import administrator

            endpoint.save(*administrator(container))
        elif credentials:
            endpoint.save(_host_and_port(address), _load(credentials))
    click.echo(f"context/{name} added: {endpoint.address}")


@context.command("list", usage="")
def list_() -> None:
    """List the contexts; the current one has a star."""
    rows = [
        ("*" if name == contexts.current() else "", name, contexts.endpoint(name).address) for name in contexts.names()
    ]
    if rows:
        click.echo(TableWriter(()).align([("CURRENT", "NAME", "SERVER"), *rows]), nl=False)
    else:
        click.echo("No contexts. Add one with `svclab context add`.", err=True)


@context.command("use", usage="NAME | --none")
@click.argument("name", default="")
@click.option("--none", is_flag=True, help="Go back to the clusters of this machine.")
def use(name: str, none: bool) -> None:
    """Choose what commands use that name no other server or cluster."""
    if bool(name) == none:
        raise BadUsage("give a NAME, or --none")
    if name:
        _check(name)
    contexts.use(name)
    click.echo(f"context/{name} is current" if name else "no context is current")


@context.command("remove", usage="NAME")
@click.argument("name")
def remove(name: str) -> None:
    """Forget a context with its credentials."""
    _check(name)
    contexts.remove(name)
    click.echo(f"context/{name} removed")


def _check(name: str) -> None:
    if name not in contexts.names():
        raise CliError(f"no context {name!r}: see `svclab context list`")


def _load(folder: Path) -> Credentials:
    try:
        return Credentials.load(folder)
    except OSError as error:
        raise CliError(f"--credentials {folder}: {error.strerror}: {error.filename}") from error


def _host_and_port(text: str) -> str:
    from svclab.client import Target

    try:
        target = Target.parse(text)
    except ValueError as error:
        raise CliError(str(error)) from error
    if target.socket:
        raise ClusterError("--server: a context is for host:port; a Unix socket needs none")
    return text

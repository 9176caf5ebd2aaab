"""`svclab node`: the nodes of a running cluster."""

import time
from collections.abc import Iterable
from typing import Any

import click

from svclab.cli.command import CommandGroup
from svclab.cli.durations import Duration
from svclab.cli.errors import BadUsage, CliError, ExitWith
from svclab.cli.global_options import suggested
from svclab.cli.lifecycle.choice import cluster_errors, running_cluster
from svclab.cluster.access import client_of
from svclab.cluster.config import PEERS
from svclab.cluster.driver import find_driver
from svclab.cluster.readiness import wait_for_nodes
from svclab.cluster.state import StateFolder

EXAMPLES = """
# One node more
svclab node add

# A power cut, and power again
svclab node stop node-2
svclab node start node-2

# Cut a node off from the API server, and heal it
svclab node disconnect node-2 --from api
svclab node connect node-2

# Look at the rules of a node
svclab node exec node-1 -- nft list ruleset
"""

_wait_option = click.option(
    "--wait", type=Duration(), default="10s", help="How long to wait until the node is Ready; 0 does not wait."
)


_known_node = click.argument("name", shell_complete=suggested("complete_nodes"))


@click.group("node", cls=CommandGroup, examples=EXAMPLES, usage="COMMAND [NODE]")
def node() -> None:
    """Add, remove, stop and start nodes, or run a command in one."""


@node.command("add", usage="[NAME]")
@click.argument("name", default="")
@click.option(
    "-l", "--label", "labels", multiple=True, metavar="KEY=VALUE", help="A label of the new node; may be repeated."
)
@_wait_option
def add(name: str, labels: tuple[str, ...], wait: float) -> None:
    """Add a node to the running cluster."""
    state = running_cluster()
    begun = time.time()
    answer = _ask(state, "node-add", name=name, labels=_labels(labels))
    _wait(state, answer["name"], wait, begun)
    click.echo(f"node/{answer['name']} added")


@node.command("remove", usage="NODE")
@_known_node
def remove(name: str) -> None:
    """Remove a node with its pods."""
    state = running_cluster()
    _ask(state, "node-remove", name=name)
    _delete_object(state, name)
    click.echo(f"node/{name} removed")


@node.command("stop", usage="NODE")
@_known_node
def stop(name: str) -> None:
    """Cut the power of a node: its agent, pods and links are gone at once, and nobody is told."""
    _ask(running_cluster(), "node-stop", name=name)
    click.echo(f"node/{name} stopped")


@node.command("start", usage="NODE")
@_known_node
@_wait_option
def start(name: str, wait: float) -> None:
    """Start a stopped node again, or let a paused one go on."""
    state = running_cluster()
    begun = time.time()
    continued = _ask(state, "node-start", name=name).get("continued")
    _wait(state, name, wait, 0.0 if continued else begun)
    click.echo(f"node/{name} started")


@node.command("pause", usage="NODE")
@_known_node
def pause(name: str) -> None:
    """Freeze everything that runs in a node, until `svclab node start`."""
    _ask(running_cluster(), "node-pause", name=name)
    click.echo(f"node/{name} paused")


@node.command("disconnect", usage="NODE [--from api|nodes|all]")
@_known_node
@click.option(
    "--from", "peer", type=click.Choice([*PEERS, "all"]), default="all", help="What the node can no longer reach."
)
def disconnect(name: str, peer: str) -> None:
    """Cut a node off from the API server, from the other nodes, or from both."""
    _ask(running_cluster(), "node-disconnect", name=name, peers=list(PEERS) if peer == "all" else [peer])
    click.echo(f"node/{name} disconnected from {'api and nodes' if peer == 'all' else peer}")


@node.command("connect", usage="NODE")
@_known_node
def connect(name: str) -> None:
    """Undo every disconnect of a node."""
    _ask(running_cluster(), "node-connect", name=name)
    click.echo(f"node/{name} connected")


@node.command("exec", usage="NODE -- COMMAND [args...]", takes_command=True)
@_known_node
def exec_(name: str, command: tuple[str, ...]) -> None:
    """Run a command in a node: in its network; with the files of this machine where the driver is netns."""
    if not command:
        raise BadUsage("a command must be given after --")
    with cluster_errors():
        state = running_cluster()
        config = state.load()
        code = find_driver(config.driver).execute(state, config.node(name).name, command)
    if code:
        raise ExitWith(code)


def _ask(state: StateFolder, do: str, **arguments: Any) -> Any:
    with cluster_errors():
        return find_driver(state.load().driver).ask(state, do, **arguments)


def _wait(state: StateFolder, name: str, patience: float, since: float) -> None:
    if patience:
        with cluster_errors():
            wait_for_nodes(state, {name}, patience, since=since)


def _labels(texts: Iterable[str]) -> dict[str, str]:
    labels = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise CliError(f"--label {text!r} must be KEY=VALUE")
        labels[key] = value
    return labels


def _delete_object(state: StateFolder, name: str) -> None:
    from protos.kinds import NODES
    from svclab.client import errors

    with client_of(state) as client:
        try:
            client.delete(NODES, name)
        except errors.NotFound:
            return

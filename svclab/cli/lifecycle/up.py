"""`svclab up`."""

import time
from pathlib import Path
from typing import Any

import click

from svclab.cli.command import command
from svclab.cli.durations import Duration
from svclab.cli.errors import CliError
from svclab.cli.lifecycle.choice import chosen_name, cluster_errors
from svclab.cli.lifecycle.steps import Steps
from svclab.cluster.config import DRIVERS, MOST_NODES, STORES, ClusterConfig
from svclab.cluster.config_document import from_document
from svclab.cluster.errors import ConfigError
from svclab.cluster.readiness import prepare, wait_for_nodes
from svclab.cluster.start import Wish, start
from svclab.cluster.state import StateFolder

EXAMPLES = """
# Start a cluster of three nodes
svclab up

# Start a second one beside it
svclab up --name second --nodes 5

# Start a cluster as a file describes it
svclab up --config cluster.yaml
"""

_EXAMPLE = "examples/quickstart.yaml"


@command("up", examples=EXAMPLES, usage="[--name NAME] [--nodes N] [options]")
@click.option("--name", help="Name of the cluster.")
@click.option("--nodes", type=click.IntRange(0, MOST_NODES), help="How many nodes a new cluster has; 3 unless given.")
@click.option(
    "--driver",
    type=click.Choice(DRIVERS),
    help="What nodes are made of: netns (namespaces of this machine; the default) or docker (containers).",
)
@click.option("--store", type=click.Choice(STORES), help="Where a new cluster keeps its state; sqlite unless given.")
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="A file that describes a new cluster (kind: Cluster).",
)
@click.option(
    "--wait", type=Duration(), default="30s", help="How long to wait until all nodes are Ready; 0 does not wait."
)
def up(
    name: str | None, nodes: int | None, driver: str | None, store: str | None, config_file: Path | None, wait: float
) -> None:
    """Start a cluster, or start a stopped one again with its state."""
    document = _read(config_file) if config_file else None
    named = document.get("name") if isinstance(document, dict) else None
    wish = Wish(name or named or chosen_name(), nodes, store, driver, document)
    steps, begun = Steps(), time.time()

    def tell(step: str) -> None:
        steps.say(f"Starting the {step}")
        prepare()

    def until_ready(state: StateFolder, config: ClusterConfig) -> None:
        if wait:
            steps.say("Waiting until all nodes are Ready")
            reachable = {node.name for node in config.nodes if node.powered and "api" not in node.cut_from}
            wait_for_nodes(state, reachable, wait, since=begun)

    try:
        with cluster_errors():
            config = start(wish, tell, until_ready)
    except BaseException:
        steps.end(failed=True)
        raise
    steps.end()
    _say_what_next(config)


def _say_what_next(config: ClusterConfig) -> None:
    from svclab.cluster.addresses import Plan

    option = f" --cluster {config.name}" if config.name != chosen_name() else ""
    plan = Plan(config.networking.node_subnets)
    addresses = [plan.addresses(plan.of_node(node.number))[0] for node in config.nodes]
    shown = f", {' to '.join(dict.fromkeys((addresses[0], addresses[-1])))}" if addresses else ""
    nodes = "1 node" if len(addresses) == 1 else f"{len(addresses) or 'no'} nodes"
    click.echo(f"\nCluster {config.name!r} is up: {nodes}{shown}. Try:\n")
    for words in _hints(with_nodes=bool(addresses)):
        click.echo(f"  svclab{option} {words}")


def _hints(*, with_nodes: bool) -> tuple[str, ...]:
    if not with_nodes:
        return ("node add", "status", "down")
    example = f"apply -f {_EXAMPLE}" if Path(_EXAMPLE).exists() else "run web --image=svclab/echo --port=8080 --expose"
    return ("get nodes", example, "status", "down")


def _read(path: Path) -> Any:
    import yaml

    try:
        documents = [part for part in yaml.safe_load_all(path.read_text()) if part is not None]
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise CliError(
            f"{path}{f', line {mark.line + 1}' if mark else ''}: {getattr(error, 'problem', error)}"
        ) from error
    if len(documents) != 1:
        raise CliError(f"{path}: holds {len(documents)} documents, must be one of kind Cluster")
    try:
        from_document(documents[0])
    except ConfigError as error:
        raise CliError(f"{path}: {error}") from error
    return documents[0]

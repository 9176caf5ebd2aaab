"""`svclab trace`."""

import json
from typing import TYPE_CHECKING

import click

from protos import kinds
from svclab.cli.command import command
from svclab.cli.durations import Duration
from svclab.cli.errors import BadUsage, CliError, ExitWith
from svclab.cli.lifecycle.choice import cluster_errors, running_cluster
from svclab.cli.sending import BALANCER, Observers, send
from svclab.cli.settings import client, namespace
from svclab.cli.suggestions import complete_sources, complete_targets
from svclab.cluster.addresses import Plan
from svclab.cluster.config import ClusterConfig
from svclab.trace.comparison import differences
from svclab.trace.document import document
from svclab.trace.observation import Observation, observe
from svclab.trace.question import QuestionError, parse_source, parse_target
from svclab.trace.trace import Trace, predict
from svclab.trace.words import describe, describe_observed
from svclab.trace.world import World, world

if TYPE_CHECKING:
    from svclab.client import SyncClient

EXAMPLES = """
# The way of a packet from a pod to a Service, in words
svclab trace --from pod/client --to web:80

# The same, and send one real packet: does the kernel do what the rules say?
svclab trace --from pod/client --to web:80 --send

# To a Service of another namespace, over UDP
svclab trace --from pod/client --to kube-dns.kube-system:53/udp

# To a node port, a load balancer's address or any other address
svclab trace --from outside --to node/node-2:30080
svclab trace --from node/node-1 --to 10.96.0.1:443

# For programs; the exit code is 1 if prediction and observation disagree
svclab trace --from outside --to web --send -o json
"""


@command("trace", examples=EXAMPLES, usage="--from SOURCE --to TARGET [--send] [-o json]")
@click.option(
    "--from",
    "source",
    required=True,
    shell_complete=complete_sources,
    help="Who sends: pod/NAME, node/NAME, outside, or an address.",
)
@click.option(
    "--to",
    "target",
    required=True,
    shell_complete=complete_targets,
    help="Where to: NAME[.NAMESPACE][:PORT], ADDRESS:PORT, node/NAME:PORT, pod/NAME:PORT; /udp or /sctp behind it.",
)
@click.option("--send", "sends", is_flag=True, help="Also send one real packet and follow it through the kernel.")
@click.option("--timeout", type=Duration(), default="1s", help="With --send: how long to wait for an answer.")
@click.option("-o", "--output", type=click.Choice(["json"]), help="Output format.")
def trace(source: str, target: str, sends: bool, timeout: float, output: str | None) -> None:
    """Say the way of one packet: the Service that it meets on each node, the endpoints that it may reach, and why.

    What is said is predicted from the API's objects alone, without a look at any node. With --send, one packet is sent
    in the place of the source and followed from node to node; if it goes another way, the exit code is 1.
    """
    if timeout <= 0:
        raise BadUsage("--timeout: must be more than 0")
    state = running_cluster()
    with cluster_errors():
        config = state.load()
    facts = read_world(client(), config)
    try:
        sender = parse_source(facts, source, namespace(), outside_addresses(config))
        where = sender.pod.namespace if sender.pod else namespace()
        predicted = predict(facts, sender, parse_target(target), where)
    except QuestionError as error:
        raise BadUsage(str(error)) from None
    seen = _send(state.name, config, facts, predicted, timeout) if sends else None
    wrong = differences(predicted, seen) if seen else ()
    if output == "json":
        click.echo(json.dumps(document(predicted, seen, wrong), indent=2))
    else:
        click.echo(describe(predicted), nl=False)
        if seen is not None:
            click.echo("\n" + describe_observed(seen, wrong), nl=False)
    if wrong:
        raise ExitWith(1)


def read_world(api: "SyncClient", config: ClusterConfig) -> World:
    """What the API holds now."""
    return world(
        api.list(kinds.SERVICES).items,
        api.list(kinds.ENDPOINT_SLICES).items,
        api.list(kinds.NODES).items,
        api.list(kinds.PODS).items,
        tuple(map(str, config.networking.service_subnets)),
        config.networking.cluster_domain,
        tuple(map(str, config.networking.node_port_addresses)),
        config.networking.masquerade_all,
    )


def outside_addresses(config: ClusterConfig) -> tuple[str, ...]:
    """Of the client that `svclab outside` is."""
    return tuple(Plan(config.networking.node_subnets).addresses(Plan.OUTSIDE))


def machines(facts: World, config: ClusterConfig) -> dict[str, str]:
    """Where packets can be watched: every node, and the cloud, which is the load balancer."""
    cloud = {BALANCER: "cloud"} if config.load_balancer.mode != "none" else {}
    return {name: name for name in facts.nodes} | cloud


def _send(cluster: str, config: ClusterConfig, facts: World, predicted: Trace, patience: float) -> Observation:
    mine = outside_addresses(config)
    if predicted.source.text == "outside" and predicted.source.addresses != mine:
        raise CliError(f"no packet can be sent from {predicted.source}: the outside client is {', '.join(mine)}")
    with Observers(cluster, machines(facts, config)).watching() as observers:
        sent = send(client(), cluster, predicted.source, [predicted], patience)[0]
        return observe(facts, predicted, sent, observers.seen())

"""Which endpoints of a svc-port may be used on this node (the rules of kube-proxy's CategorizeEndpoints)."""

from collections.abc import Sequence
from typing import NamedTuple

from node_agent.proxy.facts import Endpoint, NodeFacts, ServicePort


class Categorized(NamedTuple):
    """The lists to choose from; `has_any`: somebody serves at all, so that "nobody here" is drop and not reject."""

    cluster: tuple[Endpoint, ...]
    local: tuple[Endpoint, ...]
    has_any: bool


def categorize_endpoints(port: ServicePort, endpoints: Sequence[Endpoint], node: NodeFacts) -> Categorized:
    """Terminating endpoints that still serve stand in where a list has no ready one; the two are never mixed."""
    ready = [endpoint for endpoint in endpoints if endpoint.ready]
    fallback = [endpoint for endpoint in endpoints if endpoint.serving and endpoint.terminating]
    cluster: Sequence[Endpoint] = ()
    local: Sequence[Endpoint] = ()
    if port.uses_cluster_endpoints:
        cluster = near(ready, node) or fallback
    if port.uses_local_endpoints:
        local = [e for e in ready if e.node == node.name] or [e for e in fallback if e.node == node.name]
    return Categorized(tuple(cluster), tuple(local), bool(ready or fallback))


def near(ready: Sequence[Endpoint], node: NodeFacts) -> Sequence[Endpoint]:
    """Those whose hints name this node, else this node's zone; all of them as soon as one has no hints."""
    if ready and all(endpoint.nodes for endpoint in ready):
        here = [endpoint for endpoint in ready if node.name in endpoint.nodes]
        if here:
            return here
    if node.zone and all(endpoint.zones for endpoint in ready):
        return [endpoint for endpoint in ready if node.zone in endpoint.zones] or ready
    return ready

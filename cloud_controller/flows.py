"""UDP flows that conntrack holds to a node that is not in the rotation any more: pure.

Only `proxy` translates, so only its flows are held. TCP connections stay where they are: they drain.
"""

from collections.abc import Iterable, Mapping

from cloud_controller.balancing import LoadBalancer
from node_agent.conntrack.flows import Flow, Socket, Vip

Behind = Mapping[Vip, frozenset[Socket]]  # of each address and port the node ports that may answer


def behind(balancers: Iterable[LoadBalancer]) -> Behind:
    """Of the UDP ports that are proxied."""
    return {
        (str(balancer.address), port.port): frozenset(
            (node.address(balancer.address.version), port.node_port) for node in balancer.healthy
        )
        for balancer in balancers
        if balancer.request.mode == "proxy"
        for port in balancer.request.ports
        if port.protocol == "UDP"
    }


def stale(flows: Iterable[Flow], now: Behind) -> list[Flow]:
    """Those that go to somebody else, also of addresses that are proxied no more, or that were not when they began."""
    nobody = frozenset[Socket]()
    return [
        flow
        for flow in flows
        if flow.answerer not in now.get(flow.vip, nobody) and (flow.vip in now or flow.reply_source != flow.destination)
    ]

"""What the load balancer does with packets: pure, from load balancers and healthy nodes to a table and its elements.

`vip`: the packet goes to a healthy node as it is; the node answers the client itself (direct server return), so that
the client's address is kept. The node is chosen by a hash of the client into one of 64 buckets: the same client port
goes to the same node, and when a node comes or goes only the buckets move that must (rendezvous hashing).
`proxy`: the packet goes to a node port, with the load balancer's own address as its source.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import collapse_addresses, ip_address, ip_network
from zlib import crc32

from cloud_controller.backends import Backend
from cloud_controller.pool import Address
from cloud_controller.request import LoadBalancerRequest, Port
from cloud_controller.rules import BUCKETS, FIRST_BUCKET, Family, chains, sets
from node_agent.nft.objects import Table

TABLE = "svclab-cloud"


@dataclass(frozen=True)
class LoadBalancer:
    """One provisioned load balancer: what was asked for, one of its addresses, and the nodes behind it."""

    request: LoadBalancerRequest
    address: Address
    healthy: tuple[Backend, ...]
    nodes: tuple[Backend, ...] = ()  # the healthy and the others


def mark_of(address: str) -> int:
    """The packet mark that means "to the node with this address"; it names the node's routing table too.

    From the address itself, so that it is the same whatever nodes there are: the last 16 bits, where nodes differ.
    """
    return int(ip_address(address)) & 0xFFFF or 0x10000


def table(family: Family, balancers: Sequence[LoadBalancer]) -> Table:
    """The whole table of a family."""
    version = 6 if family == "ip6" else 4
    elements: dict[str, dict[str, str]] = {}
    for balancer in balancers:
        if balancer.address.version == version:
            for port in balancer.request.ports:
                _add(elements, balancer, port)
    return Table(family, TABLE, sets(family), chains(family), elements)


def _add(elements: dict[str, dict[str, str]], balancer: LoadBalancer, port: Port) -> None:
    request, version = balancer.request, balancer.address.version
    vip = f"{balancer.address} . {port.protocol.lower()} . {port.port}"
    nodes = [address for node in balancer.healthy if (address := node.address(version))]
    elements.setdefault("addresses", {})[str(balancer.address)] = ""
    elements.setdefault("ports", {})[vip] = ""
    spread = "sticky" if request.sticky else "any"
    if request.mode == "vip":
        elements.setdefault("routed", {})[vip] = f"goto route-{spread}"
        rows = {f"{vip} . {FIRST_BUCKET + b}": str(mark_of(node)) for b, node in _buckets(vip, nodes).items()}
        elements.setdefault("nodes", {}).update(rows)
        return
    elements.setdefault("proxied", {})[vip] = f"goto proxy-{spread}"
    _restrict(elements, request, vip, version)
    if port.node_port:
        rows = {f"{vip} . {FIRST_BUCKET + b}": f"{node} . {port.node_port}" for b, node in _buckets(vip, nodes).items()}
        elements.setdefault("node-ports", {}).update(rows)


def _restrict(elements: dict[str, dict[str, str]], request: LoadBalancerRequest, vip: str, version: int) -> None:
    """A proxy hides its clients from the nodes, so it holds the source ranges itself."""
    ranges = [network for network in map(ip_network, request.source_ranges) if network.version == version]
    if not ranges:
        return
    elements.setdefault("restricted", {})[vip] = ""
    allowed = collapse_addresses(ranges)  # type: ignore[type-var]  # all of one family
    elements.setdefault("sources", {}).update({f"{vip} . {network}": "" for network in allowed})


def _buckets(vip: str, nodes: Sequence[str]) -> Mapping[int, str]:
    """Each bucket's node: the one that weighs most in it."""
    if not nodes:
        return {}
    return {bucket: max(nodes, key=lambda node: _weight(vip, bucket, node)) for bucket in range(BUCKETS)}


def _weight(vip: str, bucket: int, node: str) -> tuple[int, str]:
    return (crc32(f"{node} {bucket} {vip}".encode()), node)

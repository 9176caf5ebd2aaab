"""Which Service answers for an address and port on a node: what one element of the proxy's map stands for."""

from collections.abc import Iterator
from dataclasses import dataclass

from protos.addresses import canonical_address
from protos.kubernetes import core_pb2
from svclab.trace.way import Packet
from svclab.trace.world import PROXY_NAME_LABEL, Node, World, within

CLUSTER_IP, NODE_PORT = "ClusterIP", "node port"
EXTERNAL_IP, BALANCER_IP = "external IP", "load balancer address"
_RANKS = {CLUSTER_IP: 0, NODE_PORT: 1, EXTERNAL_IP: 2, BALANCER_IP: 2}


@dataclass(frozen=True)
class Claim:
    """An address and port that a Service answers for."""

    service: core_pb2.Service
    port: core_pb2.ServicePort
    kind: str
    field: str

    @property
    def name(self) -> str:
        return f"{self.service.metadata.namespace}/{self.service.metadata.name}"

    @property
    def is_internal(self) -> bool:
        return self.kind == CLUSTER_IP


def claims_at(world: World, node: Node, packet: Packet) -> list[Claim]:
    """Who would answer on a node, the one that does first: a ClusterIP, then a node port, then the older Service."""
    services = filter(is_proxied, world.services.values())
    return sorted((claim for service in services for claim in _claims(service, node, packet)), key=_right)


def claim_at(world: World, node: Node, packet: Packet) -> Claim | None:
    """The Service that answers on a node."""
    return next(iter(claims_at(world, node, packet)), None)


def _right(claim: Claim) -> tuple[int, int, str]:
    return _RANKS[claim.kind], claim.service.metadata.creationTimestamp.seconds, claim.name


def is_proxied(service: core_pb2.Service) -> bool:
    """Headless and ExternalName Services are DNS alone; another proxy's are not ours."""
    spec = service.spec
    named = PROXY_NAME_LABEL in service.metadata.labels
    return spec.type != "ExternalName" and spec.clusterIP not in ("", "None") and not named


def _claims(service: core_pb2.Service, node: Node, packet: Packet) -> Iterator[Claim]:
    spec, wanted = service.spec, packet.destination
    if not any((":" in ip) == (":" in wanted) for ip in cluster_ips(service)):
        return  # a Service has nothing in a family in which it has no ClusterIP
    for port in spec.ports:
        if (port.protocol or "TCP") != packet.protocol:
            continue
        if (
            port.nodePort == packet.port
            and spec.type in ("NodePort", "LoadBalancer")
            and node.answers_node_ports(wanted)
        ):
            yield Claim(service, port, NODE_PORT, "spec.ports[].nodePort")
        if port.port != packet.port:
            continue
        if wanted in cluster_ips(service):
            yield Claim(service, port, CLUSTER_IP, "spec.clusterIP")
        if wanted in map(canonical_address, spec.externalIPs):
            yield Claim(service, port, EXTERNAL_IP, "spec.externalIPs")
        if wanted in ingress_ips(service, "VIP"):
            yield Claim(service, port, BALANCER_IP, "status.loadBalancer.ingress[].ip")


def cluster_ips(service: core_pb2.Service) -> tuple[str, ...]:
    """The addresses of its clusterIPs, each in its one text."""
    return tuple(map(canonical_address, service.spec.clusterIPs or [service.spec.clusterIP]))


def ingress_ips(service: core_pb2.Service, mode: str = "") -> list[str]:
    """The load balancer's addresses, of one ipMode or of both; a mode that is not said is VIP."""
    if service.spec.type != "LoadBalancer":
        return []
    ingress = [item for item in service.status.loadBalancer.ingress if item.ip]
    return [canonical_address(item.ip) for item in ingress if not mode or (item.ipMode or "VIP") == mode]


def owner_of_cluster_ip(world: World, ip: str) -> core_pb2.Service | None:
    """The Service whose ClusterIP it is, whatever its ports."""
    return next((found for found in world.services.values() if is_proxied(found) and ip in cluster_ips(found)), None)


def allows(service: core_pb2.Service, source: str, destination: str, node: Node | None = None) -> bool:
    """Whether spec.loadBalancerSourceRanges lets a source in; ranges of the other family are as if not there.

    A node within the ranges may speak from the load balancer's address too, which it may hold itself.
    """
    ranges = [text for text in service.spec.loadBalancerSourceRanges if (":" in text) == (":" in destination)]
    if not ranges or any(within(source, text) for text in ranges):
        return True
    return node is not None and source == destination and any(within(node.primary(source), text) for text in ranges)

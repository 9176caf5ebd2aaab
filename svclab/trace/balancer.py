"""The load balancer outside of the cluster: which nodes it may send a packet to (service-controller's rules)."""

from dataclasses import dataclass
from typing import ClassVar

from protos.kubernetes import core_pb2
from svclab.trace.endpoints import Considered, Endpoint, endpoints_of
from svclab.trace.hits import BALANCER_IP, allows, ingress_ips
from svclab.trace.way import Cause, Hit, Packet, Verdict
from svclab.trace.world import Node, World

MODE_FIELD = "status.loadBalancer.ingress[].ipMode"


@dataclass(frozen=True)
class Choice:
    """The nodes, each with the packet as it goes there; or why there is none."""

    PLACE: ClassVar[str] = "load balancer"
    text: str
    hit: Hit
    cause: Cause
    nodes: tuple[tuple[Node, Packet], ...] = ()
    verdict: Verdict | None = None


def owner_of(world: World, ip: str) -> core_pb2.Service | None:
    """The Service whose load balancer has the address: the first that has, since Services may share one."""
    return next((service for service in world.services.values() if ip in ingress_ips(service)), None)


def choose(world: World, packet: Packet, first: core_pb2.Service) -> Choice:
    """What the load balancer does with a packet to its address; `first` is a Service that has the address."""
    found = _port(world, packet)
    service, port = found or (first, None)
    proxied = packet.destination in ingress_ips(service, "Proxy")
    text = (
        "a proxy: it goes on to a node port, from the load balancer's own address"
        if proxied
        else ("routed to a node as it is: destination and client stay the same")
    )
    name = f"{service.metadata.namespace}/{service.metadata.name}"
    considered = tuple(_health(world, service, port, node, packet) for node in world.nodes.values()) if port else ()
    policy = Cause(f"mode {'Proxy' if proxied else 'VIP'}", MODE_FIELD)
    hit = Hit(name, port.name if port else "", BALANCER_IP, "status.loadBalancer.ingress[].ip", policy, considered)
    if port is None:
        cause = Cause(f"the load balancer of {name} has no port {packet.port}/{packet.protocol}", "spec.ports")
        return Choice(text, hit, cause, verdict=Verdict.REFUSED)
    if proxied and not allows(service, packet.source, packet.destination):
        ranges = ", ".join(service.spec.loadBalancerSourceRanges)
        cause = Cause(f"{packet.source} is in none of the source ranges {ranges}", "spec.loadBalancerSourceRanges")
        return Choice(text, hit, cause, verdict=Verdict.DROPPED)
    nodes = [world.nodes[item.endpoint.node] for item in considered if item.kept]
    if not nodes or (proxied and not port.nodePort):
        cause = Cause("no node is healthy for it" if not nodes else "it has no node port", "spec.ports[].nodePort")
        return Choice(text, hit, cause, verdict=Verdict.DROPPED)
    onward = [(node, _onward(packet, node, port) if proxied else packet) for node in nodes]
    return Choice(text, hit, Cause("one of the healthy nodes, by a hash of the client"), tuple(onward))


def _port(world: World, packet: Packet) -> tuple[core_pb2.Service, core_pb2.ServicePort] | None:
    for service in world.services.values():
        for port in service.spec.ports if packet.destination in ingress_ips(service) else ():
            if (port.port, port.protocol or "TCP") == (packet.port, packet.protocol):
                return service, port
    return None


def _onward(packet: Packet, node: Node, port: core_pb2.ServicePort) -> Packet:
    return Packet("", node.primary(packet.destination), port.nodePort, packet.protocol)


def _health(
    world: World, service: core_pb2.Service, port: core_pb2.ServicePort, node: Node, packet: Packet
) -> Considered:
    """Whether the load balancer's own health check finds the node."""
    target = Endpoint(node.primary(packet.destination), port.nodePort, node=node.name)
    if not node.is_member:
        return Considered(target, False, "excluded from load balancers", "metadata.labels")
    if not node.is_ready:
        return Considered(target, False, "not Ready: its health check does not answer", "status.conditions")
    if service.spec.externalTrafficPolicy == "Local":
        here = [one for one in _endpoints(world, service, packet) if one.node == node.name and one.ready]
        if not here:
            text = f"its health check fails: no ready endpoint of {service.metadata.name} here"
            return Considered(target, False, text, "spec.healthCheckNodePort")
    return Considered(target, True, "healthy", "")


def _endpoints(world: World, service: core_pb2.Service, packet: Packet) -> list[Endpoint]:
    """Of all ports: a node's health check is the Service's as a whole."""
    return [
        one
        for port in service.spec.ports
        for one in endpoints_of(world, service, port.name, port.protocol or "TCP", packet.destination)
    ]

"""Follows a packet through the cluster by Kubernetes' rules: pure, from the API's objects to a Way."""

from dataclasses import replace
from fractions import Fraction

from protos.kubernetes import core_pb2
from svclab.trace.balancer import Choice, choose, owner_of
from svclab.trace.endpoints import Endpoint, consider, endpoints_of
from svclab.trace.hits import BALANCER_IP, Claim, allows, claim_at, owner_of_cluster_ip
from svclab.trace.nobody import why_nobody, why_unclaimed
from svclab.trace.policies import POD, masquerade_of, origin_of, policy_of, why_outside
from svclab.trace.way import Cause, End, Hit, Hop, Packet, Verdict, Way, joined, scaled
from svclab.trace.world import Node, World, within


def follow(world: World, packet: Packet, node: str) -> Way:
    """The way from a pod of a node or from the node itself; `node` "" means from outside of the cluster."""
    if packet.source == packet.destination and world.pod_at(packet.source):
        return _arrival(packet, node, str(world.pod_at(packet.source)))  # it never leaves the pod
    return _at(world, packet, world.nodes[node]) if node else _route(world, packet, None)


def _at(world: World, packet: Packet, node: Node) -> Way:
    """Through a node's rules."""
    claim = claim_at(world, node, packet)
    if claim is not None:
        return _served(world, packet, node, claim)
    if owner := owner_of_cluster_ip(world, packet.destination):
        name = f"{owner.metadata.namespace}/{owner.metadata.name}"
        ports = ", ".join(f"{port.port}/{port.protocol or 'TCP'}" for port in owner.spec.ports)
        cause = Cause(f"{name} has no port {packet.port}/{packet.protocol}, only {ports}", "spec.ports")
        return _stopped(packet, node.name, Verdict.REFUSED, cause)
    if any(within(packet.destination, cidr) for cidr in world.service_ranges):
        return _stopped(packet, node.name, Verdict.DROPPED, why_unclaimed(world, packet.destination))
    way = _route(world, packet, node)
    return replace(way, hops=(Hop(node.name, packet, "no Service has this address: forwarded as it is"), *way.hops))


def _route(world: World, packet: Packet, at: Node | None) -> Way:
    """Along the routes, from a node (None: from outside) to whoever has the destination."""
    if pod := world.pod_at(packet.destination):
        if at is None:
            return _unreachable(packet, "nothing outside of the cluster has a route to the pods")
        return _arrival(packet, pod.node, str(pod))
    if node := world.node_at(packet.destination):
        if at is not None and at.name == node.name:
            return _arrival(packet, node.name, "")
        return _at(world, packet, node)
    if owner := next((node for node in world.nodes.values() if node.has_pod(packet.destination)), None):
        return _unreachable(packet, f"no pod has {packet.destination}, an address of {owner.name}'s pods", owner.name)
    leaving, masqueraded = _leaving(packet, at)
    if service := owner_of(world, packet.destination):
        return _balanced(world, leaving, service)
    if at is None:
        return _unreachable(packet, f"nothing outside of the cluster has a route to {packet.destination}")
    cause = Cause(f"{packet.destination} is no address of this cluster")
    end = End(Verdict.LEFT, cause, place=at.name, address=packet.destination, port=packet.port)
    return Way(
        ends=(replace(end, source=leaving.source, masqueraded=masqueraded, masquerade=why_outside(masqueraded)),)
    )


def _unreachable(packet: Packet, why: str, place: str = "") -> Way:
    end = End(Verdict.UNREACHABLE, Cause(why), place=place, address=packet.destination, port=packet.port)
    return Way(ends=(end,))


def _leaving(packet: Packet, at: Node | None) -> tuple[Packet, bool]:
    """Pods take their node's address with them out of the cluster, so that answers find the way back."""
    if at is None or not at.has_pod(packet.source):
        return packet, False
    return replace(packet, source=at.primary(packet.source)), True


def _arrival(packet: Packet, node: str, pod: str) -> Way:
    """At an address that is not translated."""
    cause = Cause("the packet is for this address itself" if pod else "the node itself has this address")
    end = End(
        Verdict.DELIVERED,
        cause,
        place=node,
        address=packet.destination,
        port=packet.port,
        pod=pod,
        source=packet.source,
        masquerade=Cause("no Service is involved"),
    )
    return Way(ends=(end,))


def _stopped(packet: Packet, place: str, verdict: Verdict, cause: Cause, hit: Hit | None = None) -> Way:
    end = End(verdict, cause, place=place, address=packet.destination, port=packet.port)
    return Way((Hop(place, packet, "", hit=hit, verdict=verdict, cause=cause),), (end,))


def _served(world: World, packet: Packet, node: Node, claim: Claim) -> Way:
    """By the Service that has the destination on this node."""
    origin = origin_of(packet, node)
    endpoints = endpoints_of(world, claim.service, claim.port.name, packet.protocol, packet.destination)
    policy, local_field = policy_of(claim, origin)
    considered = consider(endpoints, node, local_field)
    affinity = claim.service.spec.sessionAffinityConfig.clientIP.timeoutSeconds or 10800
    sticky = claim.service.spec.sessionAffinity == "ClientIP"
    hit = Hit(
        claim.name, claim.port.name, claim.kind, claim.field, policy, tuple(considered), affinity if sticky else 0
    )
    if claim.kind == BALANCER_IP and not allows(claim.service, packet.source, packet.destination, node):
        field = "spec.loadBalancerSourceRanges"
        ranges = ", ".join(claim.service.spec.loadBalancerSourceRanges)
        cause = Cause(f"{packet.source or 'the client'} is in none of the source ranges {ranges}", field)
        return _stopped(packet, node.name, Verdict.DROPPED, cause, hit)
    kept = [item.endpoint for item in considered if item.kept]
    if not kept:
        verdict, cause = why_nobody(world, claim, node, endpoints, local_field)
        return _stopped(packet, node.name, verdict, cause, hit)
    ends = tuple(_translated(world, packet, node, claim, origin, one, Fraction(1, len(kept))) for one in kept)
    return Way((Hop(node.name, packet, "", hit=hit),), ends)


def _translated(
    world: World, packet: Packet, node: Node, claim: Claim, origin: str, one: Endpoint, probability: Fraction
) -> End:
    masqueraded, cause = masquerade_of(packet, node, claim, origin, one)
    if not masqueraded and origin == POD and not world.holds(one.address):
        masqueraded, cause = True, why_outside(masqueraded=True)
    pod = world.pod_at(one.address)
    return End(
        Verdict.DELIVERED,
        Cause(f"an endpoint of {claim.name}"),
        probability,
        place=one.node or (pod.node if pod else ""),
        via=node.name,
        address=one.address,
        port=one.port,
        pod=one.pod or (str(pod) if pod else ""),
        source=node.primary(packet.destination) if masqueraded else packet.source,
        masqueraded=masqueraded,
        masquerade=cause,
    )


def _balanced(world: World, packet: Packet, service: core_pb2.Service) -> Way:
    """Through the load balancer outside of the cluster, and on from each node that it may choose."""
    choice = choose(world, packet, service)
    if choice.verdict is not None:
        end = End(choice.verdict, choice.cause, place=choice.PLACE, address=packet.destination, port=packet.port)
        return Way((_balancer_hop(packet, choice),), (end,))
    probability = Fraction(1, len(choice.nodes))
    legs = [scaled(_at(world, onward, node), probability) for node, onward in choice.nodes]
    return joined([Way((_balancer_hop(packet, choice),)), *legs])


def _balancer_hop(packet: Packet, choice: Choice) -> Hop:
    return Hop(choice.PLACE, packet, choice.text, hit=choice.hit, verdict=choice.verdict, cause=choice.cause)

"""What a node's proxy decides of a packet to a Service: whose policy counts, and whether it is masqueraded, and why."""

from svclab.trace.endpoints import Endpoint
from svclab.trace.hits import Claim
from svclab.trace.way import Cause, Packet
from svclab.trace.world import Node

POD, HOST, OUTSIDE = "a pod of this node", "this node itself", "from outside"  # who sent it, as a node's proxy sees it
INTERNAL_POLICY, EXTERNAL_POLICY = "spec.internalTrafficPolicy", "spec.externalTrafficPolicy"


def origin_of(packet: Packet, node: Node) -> str:
    if packet.source and node.has_pod(packet.source):
        return POD
    return HOST if packet.source in node.addresses else OUTSIDE


def policy_of(claim: Claim, origin: str) -> tuple[Cause, str]:
    """The policy in words, and the field that restricts the choice to this node's endpoints ("": none does)."""
    spec = claim.service.spec
    if claim.is_internal:
        if spec.internalTrafficPolicy == "Local":
            return Cause("Local: only endpoints on this node", INTERNAL_POLICY), INTERNAL_POLICY
        return Cause("Cluster: endpoints on every node", INTERNAL_POLICY), ""
    if spec.externalTrafficPolicy != "Local":
        return Cause("Cluster: endpoints on every node", EXTERNAL_POLICY), ""
    if origin == OUTSIDE:
        return Cause("Local: only endpoints on this node, and the client's address is kept", EXTERNAL_POLICY), (
            EXTERNAL_POLICY
        )
    text = f"Local, for clients from outside; the short circuit lets {origin} use endpoints on every node"
    return Cause(text, EXTERNAL_POLICY), ""


def masquerade_of(packet: Packet, node: Node, claim: Claim, origin: str, one: Endpoint) -> tuple[bool, Cause]:
    """Whether the packet's source becomes the node's address, so that the answer comes back through this node."""
    if one.address == packet.source:
        return True, Cause("the endpoint reaches itself, and must not see its own address as the client (hairpin)")
    if claim.is_internal:
        if origin == POD and node.masquerades_all:
            return True, Cause("networking.masqueradeAll: everybody is masqueraded on the way to a ClusterIP")
        if origin == POD:
            return False, Cause("pods keep their address on the way to a ClusterIP")
        who = "the node itself sends it" if origin == HOST else "it comes from outside of this node"
        return True, Cause(f"{who}: the answer must come back through here")
    if claim.service.spec.externalTrafficPolicy != "Local":
        text = "externalTrafficPolicy Cluster: the endpoint may be on another node, so the answer must come back here"
        return True, Cause(text, EXTERNAL_POLICY)
    if origin == HOST:
        text = "the node itself sends it, to an endpoint on any node: the answer must come back through here"
        return True, Cause(text, EXTERNAL_POLICY)
    who = "the client's" if origin == OUTSIDE else "the pod's"
    return False, Cause(f"externalTrafficPolicy Local: {who} address is kept", EXTERNAL_POLICY)


def why_outside(masqueraded: bool) -> Cause:
    text = (
        "nobody outside has a route to pods, so the answer must come to the node"
        if masqueraded
        else "it needs no other"
    )
    return Cause(text)

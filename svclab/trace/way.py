"""The values of a prediction: the hops of a packet and the ends that it may come to."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from svclab.trace.endpoints import Considered

WHOLE = Fraction(1)


class Verdict(StrEnum):
    """What becomes of the packet."""

    DELIVERED = "delivered"
    REFUSED = "refused"  # the client is told at once
    DROPPED = "dropped"  # the client hears nothing
    UNREACHABLE = "unreachable"  # nobody has a route
    LEFT = "left"  # out of the cluster, to where nothing is known of
    UNRESOLVED = "unresolved"  # the name has no address


@dataclass(frozen=True)
class Packet:
    """The first packet of a connection. `source` is "" where only the load balancer knows its own address."""

    source: str
    destination: str
    port: int
    protocol: str

    @property
    def key(self) -> str:
        """As in the proxy's map of Services."""
        return f"{self.destination} . {self.protocol.lower()} . {self.port}"


@dataclass(frozen=True)
class Cause:
    """A reason in words and the field that it comes from, "" where no field decides."""

    text: str
    field: str = ""


@dataclass(frozen=True)
class Hit:
    """A Service's address found on a node: which one, the policy that holds for it, and the endpoints considered."""

    service: str  # namespace/name
    port_name: str
    kind: str  # ClusterIP, node port, external IP, load balancer address
    field: str  # where the Service says that address
    policy: Cause
    considered: tuple[Considered, ...] = ()
    affinity_seconds: int = 0


@dataclass(frozen=True)
class Hop:
    """One place on the way, reached with a probability: a node, or "load balancer". `verdict`: None if it goes on."""

    place: str
    packet: Packet
    text: str
    probability: Fraction = WHOLE
    hit: Hit | None = None
    verdict: Verdict | None = None
    cause: Cause | None = None


@dataclass(frozen=True)
class End:
    """Where the packet may end. `place`: the node that delivers, refuses or drops it; `via`: the node that chose.

    `source` is what the endpoint sees as its client; `masquerade` says why that is, or is not, another address.
    """

    verdict: Verdict
    cause: Cause
    probability: Fraction = WHOLE
    place: str = ""
    via: str = ""
    address: str = ""
    port: int = 0
    pod: str = ""
    source: str = ""
    masqueraded: bool = False
    masquerade: Cause = Cause("")


@dataclass(frozen=True)
class Way:
    """Hops in order, and the ends; the probabilities of the ends add up to 1."""

    hops: tuple[Hop, ...] = ()
    ends: tuple[End, ...] = ()


def socket_text(address: str, port: int) -> str:
    """An address and port as people write them: [fd00::1]:80."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def scaled(way: Way, probability: Fraction) -> Way:
    """The same way, as one of several."""
    return Way(
        tuple(replace(hop, probability=hop.probability * probability) for hop in way.hops),
        tuple(replace(end, probability=end.probability * probability) for end in way.ends),
    )


def joined(ways: Iterable[Way]) -> Way:
    """Ways beside or after one another."""
    whole = list(ways)
    return Way(tuple(hop for way in whole for hop in way.hops), tuple(end for way in whole for end in way.ends))

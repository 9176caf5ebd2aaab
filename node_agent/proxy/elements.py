"""The map elements of one svc-port on this node, for one family: pure, from facts alone.

No chain and no rule belongs to a Service: all there is of it are elements, keyed by address, protocol and port. How
many endpoints there are, and how sticky clients are, is in the number of a treatment that an element holds; the chain
for it stands in the map `treatments` (rules.py). Elements that hold a chain themselves would make the kernel walk all
of them at each change.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network
from typing import Literal
from zlib import crc32

from node_agent.proxy.claims import Claimed, Rank
from node_agent.proxy.facts import Endpoint, NodeFacts, ServicePort
from node_agent.proxy.topology import Categorized

ElementSets = dict[str, dict[str, str]]  # set -> key -> value

# The sets whose elements several svc-ports may share: ports of one ClusterIP, a pod behind several Services.
SHARED_SETS = frozenset({"cluster-ips", "hairpin"})
COMMENT_LIMIT = 120  # bytes; nft refuses more than 128
DROP, REJECT = 0xFFFFFFFE, 0xFFFFFFFF  # treatments where there is no endpoint to choose
COUNT_BITS, SECONDS_BITS = 14, 17  # of a treatment's number: the endpoints of a svc-port, and up to a day
MOST_ENDPOINTS = (1 << COUNT_BITS) - 1


@dataclass(frozen=True)
class Treatment:
    """What is done with a connection: choose among `count` endpoints, stick for `seconds`, from which lists.

    `short`: the lists of the short circuit, where pods and this node use endpoints that outside clients do not get.
    """

    count: int
    seconds: int
    short: bool = False

    @property
    def chain(self) -> str:
        prefix = "short-" if self.short else ""
        return f"{prefix}sticky-{self.seconds}-{self.count}" if self.seconds else f"{prefix}balance-{self.count}"

    @property
    def number(self) -> int:
        """Never 0, the mark of a connection that nobody has marked."""
        return self.short << COUNT_BITS + SECONDS_BITS | self.seconds << COUNT_BITS | self.count

    @property
    def endpoints(self) -> str:
        """The map from a VIP and a number to an endpoint: its position or, for sticky clients, its slot."""
        return "short-endpoints" if self.short else "endpoints"

    @property
    def slots(self) -> str:
        """The map from a VIP and a position to a slot."""
        return "short-slots" if self.short else "slots"


class Compiler:
    """Compiles svc-ports for one node and family; `treatments` collects the chains that the elements need."""

    def __init__(self, family: Literal["ip", "ip6"], node: NodeFacts) -> None:
        self.family = family
        self.node = node
        self.treatments: set[Treatment] = set()
        self._version = 6 if family == "ip6" else 4

    def elements(self, port: ServicePort, endpoints: Categorized, claimed: Claimed) -> ElementSets:
        """`endpoints`: those of this family. `claimed`: the addresses that no other has more right to (claims.py)."""
        out: ElementSets = {}
        claimed = {vip: claim for vip, claim in claimed.items() if claim.is_ipv6 == (self._version == 6)}
        if not claimed:
            return out
        for vip, claim in claimed.items():
            if claim.rank is Rank.CLUSTER_IP:
                _put(out, "cluster-ips", claim.ip)
                self._internal(out, port, vip, endpoints)
            else:
                self._external(out, port, vip, endpoints)
        if port.source_ranges:
            self._firewall(out, port, claimed)
        for endpoint in (*endpoints.cluster, *endpoints.local):
            if endpoint.node == self.node.name:
                _put(out, "hairpin", f"{endpoint.ip} . {endpoint.ip}")
        return out

    def _internal(self, out: ElementSets, port: ServicePort, vip: str, endpoints: Categorized) -> None:
        chosen = endpoints.local if port.internal_local else endpoints.cluster
        self._serve(out, port, vip, chosen, endpoints.has_any)

    def _external(self, out: ElementSets, port: ServicePort, vip: str, endpoints: Categorized) -> None:
        if not port.external_local:
            _put(out, "masquerade-external", vip)
            self._serve(out, port, vip, endpoints.cluster, endpoints.has_any)
            return
        if endpoints.cluster:
            _put(out, "external-local", vip)
            self._choose(out, port, vip, endpoints.cluster, "short-circuits", short=True)
        self._serve(out, port, vip, endpoints.local, endpoints.has_any)

    def _serve(
        self, out: ElementSets, port: ServicePort, vip: str, endpoints: Sequence[Endpoint], has_any: bool
    ) -> None:
        if endpoints:
            self._choose(out, port, vip, endpoints, "services", short=False)
        else:  # nobody at all: refused at once; nobody here, but elsewhere: dropped
            _put(out, "services", _named(vip, port), str(DROP if has_any else REJECT))

    def _choose(
        self,
        out: ElementSets,
        port: ServicePort,
        vip: str,
        endpoints: Sequence[Endpoint],
        services: str,
        *,
        short: bool,
    ) -> None:
        treatment = Treatment(min(len(endpoints), MOST_ENDPOINTS), port.affinity_seconds, short)
        self.treatments.add(treatment)
        _put(out, services, _named(vip, port), str(treatment.number))
        numbered = list(_slots(endpoints) if treatment.seconds else enumerate(endpoints))[:MOST_ENDPOINTS]
        rows = out.setdefault(treatment.endpoints, {})
        rows.update({f"{vip} . {number}": f"{endpoint.ip} . {endpoint.port}" for number, endpoint in numbered})
        if treatment.seconds:
            _put(out, "affinity-ids", vip, str(crc32(f"{port.name} {port.name.protocol}".encode()) or 1))
            for position, (number, _) in enumerate(numbered):
                _put(out, treatment.slots, f"{vip} . {position}", str(number))

    def _firewall(self, out: ElementSets, port: ServicePort, claimed: Claimed) -> None:
        """Source ranges hold for load balancer addresses alone; ranges of the other family are as if not there."""
        ranges = [ip_network(text) for text in port.source_ranges if text]
        allowed = [network for network in ranges if network.version == self._version]
        vips = {
            vip: claim.ip
            for vip, claim in claimed.items()
            if claim.rank is Rank.EXTERNAL and claim.ip in port.load_balancer_ips
        }
        if not allowed or not vips:
            return
        if any(
            ip_address(ip) in network
            for ip in filter(self._is_mine, self.node.primary or self.node.addresses)
            for network in allowed
        ):
            allowed += [ip_network(ip) for ip in vips.values()]  # this node may speak from an address that it holds
        for vip in vips:
            _put(out, "firewalled", vip)
            for network in _disjoint(allowed):
                _put(out, "allowed-sources", f"{vip} . {network}")

    def _is_mine(self, ip: str) -> bool:
        return (":" in ip) == (self._version == 6)


def _put(out: ElementSets, name: str, key: str, value: str = "") -> None:
    out.setdefault(name, {})[key] = value


def _named(vip: str, port: ServicePort) -> str:
    """The key with the svc-port's name for readers of `nft list`; names are DNS labels, so nothing needs quoting."""
    name = str(port.name)
    shown = name if len(name) <= COMMENT_LIMIT else name[: COMMENT_LIMIT - 3] + "..."
    return f'{vip} comment "{shown}"'


def _slots(endpoints: Sequence[Endpoint]) -> Iterator[tuple[int, Endpoint]]:
    """Each endpoint with a number that only depends on itself, so that clients keep theirs when others come and go."""
    taken: set[int] = set()
    for endpoint in endpoints:
        slot = crc32(f"{endpoint.ip}:{endpoint.port}".encode()) or 1
        while slot in taken:
            slot = slot % 0xFFFFFFFF + 1
        taken.add(slot)
        yield slot, endpoint


def _disjoint(networks: list[IPv4Network | IPv6Network]) -> Iterator[IPv4Network | IPv6Network]:
    """The kernel refuses overlapping intervals."""
    return collapse_addresses(networks)  # type: ignore[type-var]  # all of one family

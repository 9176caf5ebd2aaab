"""UDP flows that conntrack holds to an endpoint that is gone: found after every commit, and forgotten.

Conntrack pins a UDP flow to its first decision for as long as datagrams come. TCP is never touched.
"""

import logging
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from node_agent.proxy.claims import claims_of
from node_agent.proxy.facts import NodeFacts, ServicePort, ServicePortName
from node_agent.proxy.topology import Categorized

UDP = 17
FAMILIES = {4: 2, 6: 10}  # AF_INET, AF_INET6

log = logging.getLogger(__name__)

Vip = tuple[str, int]  # the address and port that a client sent to


class Flow(NamedTuple):
    """A UDP conntrack entry: who sent to which address and port, and who answers."""

    source: str
    source_port: int
    destination: str
    destination_port: int
    reply_source: str

    @property
    def vip(self) -> Vip:
        return (self.destination, self.destination_port)


class Conntrack(Protocol):
    """What the proxy needs of conntrack. Raises OSError."""

    def udp_flows(self) -> list[Flow]:
        """All UDP entries of this network namespace."""

    def delete(self, flow: Flow) -> None:
        """Forgets one entry; nothing if it is gone."""


class UdpServices:
    """The addresses that UDP svc-ports answer on, and the endpoints that may answer there."""

    def __init__(self) -> None:
        self._endpoints: dict[Vip, frozenset[str]] = {}
        self._by_port: dict[ServicePortName, dict[Vip, frozenset[str]]] = {}
        self._changed: set[Vip] = set()

    def put(self, name: ServicePortName, now: dict[Vip, frozenset[str]]) -> None:
        before = self._by_port.pop(name, {})
        if now:
            self._by_port[name] = now
        for vip in before.keys() | now.keys():
            if before.get(vip) != now.get(vip):
                self._changed.add(vip)
        for vip in before.keys() - now.keys():
            self._endpoints.pop(vip, None)
        self._endpoints.update(now)

    @property
    def has_changes(self) -> bool:
        return bool(self._changed)

    def stale(self, flows: Iterable[Flow]) -> Iterator[Flow]:
        """Flows to an address whose endpoints changed, and that none of the present ones answers."""
        for flow in flows:
            if flow.vip in self._changed and flow.reply_source not in self._endpoints.get(flow.vip, frozenset()):
                yield flow

    def cleaned(self) -> None:
        self._changed.clear()


def udp_addresses(port: ServicePort, endpoints: Categorized, node: NodeFacts) -> dict[Vip, frozenset[str]]:
    """What `UdpServices.put` needs; {} for other protocols."""
    if port.name.protocol != "UDP":
        return {}
    serving = frozenset(endpoint.ip for endpoint in (*endpoints.cluster, *endpoints.local))
    found = (vip.rsplit(" . ", 2) for vip in claims_of(port, node))
    return {(ip, int(number)): serving for ip, _, number in found}


def clean(services: UdpServices, conntrack: Conntrack) -> int:
    """Forgets stale flows; returns how many. Must run after the rules are committed."""
    if not services.has_changes:
        return 0
    stale = list(services.stale(conntrack.udp_flows()))
    for flow in stale:
        conntrack.delete(flow)
    services.cleaned()
    if stale:
        log.info("stale UDP flows forgotten", extra={"flows": len(stale)})
    return len(stale)

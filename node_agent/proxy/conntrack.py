"""UDP flows that conntrack holds to an endpoint that is gone: found after every commit, and forgotten.

Conntrack pins a UDP flow to its first decision for as long as datagrams come. TCP is never touched.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping

from node_agent.conntrack.flows import Conntrack, Flow, Socket, Vip
from node_agent.proxy.facts import ServicePortName
from node_agent.proxy.sync import Served

RETRY = 5.0  # seconds after the kernel refused to show its flows

log = logging.getLogger(__name__)

Answering = dict[Vip, frozenset[Socket]]  # the endpoints of each


class UdpServices:
    """The addresses that UDP svc-ports answer on, and the endpoints that may answer there: pure."""

    def __init__(self) -> None:
        self._endpoints: Answering = {}
        self._by_port: dict[ServicePortName, frozenset[Vip]] = {}

    def update(self, ports: Mapping[ServicePortName, Answering]) -> set[Vip]:
        """Replaces svc-ports ({}: gone); returns the addresses that changed. All go before any comes: one may take
        over another's address."""
        before = {vip: self._endpoints.pop(vip) for name in ports for vip in self._by_port.pop(name, frozenset[Vip]())}
        for name, now in ports.items():
            if now:
                self._by_port[name] = frozenset(now)
                self._endpoints.update(now)
        after = {vip for now in ports.values() for vip in now}
        return {vip for vip in before.keys() | after if before.get(vip) != self._endpoints.get(vip)}

    def stale(self, flows: Iterable[Flow], changed: set[Vip]) -> list[Flow]:
        """Flows to these addresses that none of their present endpoints answers."""
        nobody = frozenset[Socket]()
        return [f for f in flows if f.vip in changed and f.answerer not in self._endpoints.get(f.vip, nobody)]

    def strayed(self, flows: Iterable[Flow]) -> list[Flow]:
        """Flows translated to another machine for Services that nobody knows: those went while no proxy ran."""
        return [f for f in flows if f.reply_source != f.destination and f.vip not in self._endpoints]


def answering(served: Served) -> Answering:
    """What `UdpServices.update` needs of a svc-port; {} for other protocols.

    A flow may stay with an endpoint that is terminating, or far away, as long as it serves: like a TCP connection.
    """
    if served.port.name.protocol != "UDP":
        return {}
    found = (vip.rsplit(" . ", 2) for vip in served.held)
    return {(ip, int(number)): served.serving for ip, _, number in found}


class StaleFlows:
    """Forgets stale flows beside the passes, so that a large conntrack table delays none of them."""

    def __init__(self, conntrack: Conntrack) -> None:
        self._conntrack = conntrack
        self._services = UdpServices()
        self._changed: set[Vip] = set()
        self._wake = asyncio.Event()
        self._is_forgetting = False
        self._is_first = True  # an earlier run may have left flows of which this one never hears

    @property
    def is_busy(self) -> bool:
        """Whether there may be stale flows yet."""
        return self._is_first or bool(self._changed) or self._is_forgetting

    def committed(self, ports: Mapping[ServicePortName, Served], gone: Iterable[ServicePortName]) -> None:
        """The kernel has these rules: only now may flows go, or the next datagram would make the same one again."""
        now = {name: answering(served) for name, served in ports.items()} | {name: {} for name in gone}
        self._changed |= self._services.update(now)
        if self._changed or self._is_first:
            self._wake.set()

    async def run(self) -> None:
        """Works until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            changed, self._changed = self._changed, set()
            self._is_forgetting = True
            try:
                await self._forget(changed)
            except OSError as error:
                log.warning("stale UDP flows not forgotten", extra={"error": str(error)})
                self._changed |= changed
                self._wake.set()
                await asyncio.sleep(RETRY)
            finally:
                self._is_forgetting = False

    async def _forget(self, changed: set[Vip]) -> None:
        flows = await asyncio.to_thread(self._conntrack.udp_flows)
        stale = {*self._services.stale(flows, changed), *(self._services.strayed(flows) if self._is_first else ())}
        if stale:
            await asyncio.to_thread(self._conntrack.delete, stale)
            log.info("stale UDP flows forgotten", extra={"flows": len(stale)})
        self._is_first = False

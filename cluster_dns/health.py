"""Which upstreams are down: probed from the first unanswered question until they answer again, as CoreDNS does.

A question alone proves nothing, since a resolver is also silent about names whose own servers are dead; the probe asks
for what every resolver knows. So a cluster without a way out answers SERVFAIL at once, not after seconds.
"""

import asyncio
import random

from cluster_dns.exchange import Exchange, Server
from cluster_dns.message import IN, RD, FormatError, Query, RType
from cluster_dns.names import ROOT

TIMEOUT = 1.0  # seconds that a probe has
INTERVAL = 0.5  # seconds from one probe to the next


class Health:
    """What is known of the servers; one that is suspected is being probed."""

    def __init__(self, exchange: Exchange, chance: random.Random) -> None:
        self._exchange = exchange
        self._chance = chance
        self._probes: dict[Server, asyncio.Task[None]] = {}
        self._down: set[Server] = set()

    def suspect(self, server: Server) -> None:
        """The server may be down."""
        if server not in self._probes:
            probe = self._probes[server] = asyncio.create_task(self._probe(server))
            probe.add_done_callback(lambda _: self._probes.pop(server, None))

    def is_suspected(self, server: Server) -> bool:
        return server in self._probes

    def is_down(self, server: Server) -> bool:
        """Whether the last probe of the server failed."""
        return server in self._down

    async def close(self) -> None:
        """Ends all probes."""
        probes = list(self._probes.values())
        for probe in probes:
            probe.cancel()
        await asyncio.gather(*probes, return_exceptions=True)

    async def _probe(self, server: Server) -> None:
        while not await self._answers(server):
            self._down.add(server)
            await asyncio.sleep(INTERVAL)
        self._down.discard(server)

    async def _answers(self, server: Server) -> bool:
        question = ROOT + RType.NS.to_bytes(2, "big") + IN.to_bytes(2, "big")
        query = Query(self._chance.getrandbits(16), RD, question, ROOT, RType.NS, IN, None)
        try:
            async with asyncio.timeout(TIMEOUT):
                await self._exchange(server, query)
        except (OSError, FormatError):  # TimeoutError is an OSError
            return False
        return True

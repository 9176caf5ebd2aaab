"""Names outside the cluster: asked of the node's resolvers, with a cache and one question at a time for each name."""

import asyncio
import random
from collections.abc import Callable, Sequence
from itertools import cycle, islice

from cluster_dns.cache import Question, ReplyCache
from cluster_dns.exchange import Exchange, Server
from cluster_dns.health import Health
from cluster_dns.message import EDNS_UDP_SIZE, IN, RD, Edns, FormatError, Query, Rcode, Reply

TRY_TIMEOUT = 2.0  # seconds that one server has
TIMEOUT = 4.0  # seconds for all tries: less than the five that a resolver's client waits
MIN_TRIES = 2
MAX_CONCURRENT = 1000  # as CoreDNS' max_concurrent
_UNSERVED = {Rcode.SERVFAIL, Rcode.NOTIMP, Rcode.REFUSED}  # another server may know better


class Forwarder:
    """Resolves names by asking `servers`, in random order. `clock` gives seconds that never go back."""

    def __init__(
        self, servers: Sequence[Server], exchange: Exchange, clock: Callable[[], float], chance: random.Random
    ) -> None:
        self.cache = ReplyCache()
        self.rejected = 0  # questions refused because too many were open
        self._servers = tuple(servers)
        self._exchange = exchange
        self._clock = clock
        self._chance = chance
        self._health = Health(exchange, chance)
        self._open: dict[Question, asyncio.Task[Reply]] = {}

    async def resolve(self, question: Question) -> Reply:
        """The reply of the cache or of an upstream.

        SERVFAIL if none answers in time, REFUSED if too many questions are open.
        """
        if reply := self.cache.get(question, self._clock()):
            return reply
        task = self._open.get(question)
        if task is None:
            if len(self._open) >= MAX_CONCURRENT:
                self.rejected += 1
                return Reply(Rcode.REFUSED)
            task = self._open[question] = asyncio.create_task(self._ask(question))
            task.add_done_callback(lambda _: self._open.pop(question, None))
        return await asyncio.shield(task)

    def check(self) -> None:
        """Finds out which servers can be reached, so that no question has to."""
        for server in self._servers:
            self._health.suspect(server)

    async def close(self) -> None:
        """Gives up the open questions."""
        await self._health.close()
        tasks = list(self._open.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, question: Question) -> Reply:
        reply = Reply(Rcode.SERVFAIL)
        servers = self._usable()
        if not servers:
            return reply
        try:
            async with asyncio.timeout(TIMEOUT):
                for server in islice(cycle(servers), max(MIN_TRIES, len(servers))):
                    reply = await self._try(server, question) or reply
                    if reply.rcode not in _UNSERVED:
                        break
        except TimeoutError:
            reply = Reply(Rcode.SERVFAIL)
        return self.cache.put(question, reply, self._clock())

    async def _try(self, server: Server, question: Question) -> Reply | None:
        """What the server says; None if it says nothing."""
        asked = question.name + question.qtype.to_bytes(2, "big") + IN.to_bytes(2, "big")
        edns = Edns(EDNS_UDP_SIZE, 0, question.wants_dnssec)
        query = Query(self._chance.getrandbits(16), RD, asked, question.name, question.qtype, IN, edns)
        try:
            async with asyncio.timeout(TRY_TIMEOUT):
                reply = await self._exchange(server, query)
        except (OSError, FormatError):  # TimeoutError is an OSError
            self._health.suspect(server)
            return None
        return reply

    def _usable(self) -> list[Server]:
        """The servers that are not down, in random order, the suspected ones last."""
        servers = self._chance.sample(self._servers, len(self._servers))
        return sorted((one for one in servers if not self._health.is_down(one)), key=self._health.is_suspected)

"""Names outside the cluster: asked of the node's resolvers, with a cache and one question at a time for each name."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from itertools import cycle, islice

from cluster_dns.cache import Question, ReplyCache
from cluster_dns.message import EDNS_UDP_SIZE, IN, RD, Edns, FormatError, Query, Rcode, Reply

Server = tuple[str, int]  # address, port
Exchange = Callable[[Server, Query], Awaitable[Reply]]  # one question to one server; raises OSError or FormatError

TRY_TIMEOUT = 2.0  # seconds that one server has
TIMEOUT = 4.0  # seconds for all tries: less than the five that a resolver's client waits
MIN_TRIES = 2
FAILED_FOR = 10.0  # seconds during which a server that failed is asked last
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
        self._failed: dict[Server, float] = {}  # when
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

    async def close(self) -> None:
        """Gives up the open questions."""
        tasks = list(self._open.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, question: Question) -> Reply:
        reply = Reply(Rcode.SERVFAIL)
        try:
            async with asyncio.timeout(TIMEOUT):
                for server in islice(cycle(self._in_order()), max(MIN_TRIES, len(self._servers))):
                    reply = await self._try(server, question) or reply
                    if reply.rcode not in _UNSERVED:
                        break
        except TimeoutError:
            reply = Reply(Rcode.SERVFAIL)
        self.cache.put(question, reply, self._clock())
        return reply

    async def _try(self, server: Server, question: Question) -> Reply | None:
        """What the server says; None if it says nothing, and then others come first for a while."""
        asked = question.name + question.qtype.to_bytes(2, "big") + IN.to_bytes(2, "big")
        edns = Edns(EDNS_UDP_SIZE, 0, question.wants_dnssec)
        query = Query(self._chance.getrandbits(16), RD, asked, question.name, question.qtype, IN, edns)
        try:
            async with asyncio.timeout(TRY_TIMEOUT):
                reply = await self._exchange(server, query)
        except (OSError, FormatError):  # TimeoutError is an OSError
            self._failed[server] = self._clock()
            return None
        self._failed.pop(server, None)
        return reply

    def _in_order(self) -> list[Server]:
        servers = self._chance.sample(self._servers, len(self._servers))
        now = self._clock()
        return sorted(servers, key=lambda server: now - self._failed.get(server, now - FAILED_FOR) < FAILED_FOR)

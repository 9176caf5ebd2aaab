"""Forgets history on time: what is older than a span, and what is too much."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from apiserver.store import Store, StoreError

log = logging.getLogger(__name__)

MAX_REVISIONS = 100_000  # kept at most, however young
STEPS = 10  # looks per span: what is kept is at most this part longer than asked for


class Compaction:
    """Remembers which revision was the newest when."""

    def __init__(self, store: Store, span: float, clock: Callable[[], float]) -> None:
        self._store = store
        self._span = span
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()

    async def run(self) -> None:
        """Compacts until cancelled."""
        while True:
            await self.step()
            await asyncio.sleep(self._span / STEPS)

    async def step(self) -> None:
        """Compacts up to what was the newest revision a span ago."""
        now, newest = self._clock(), self._store.revision
        self._seen.append((now, newest))
        wanted = newest - MAX_REVISIONS
        while self._seen and self._seen[0][0] <= now - self._span:
            wanted = max(wanted, self._seen.popleft()[1])
        try:
            if wanted > self._store.compacted:
                await self._store.compact(wanted)
        except StoreError as error:  # the next start finishes what is left
            log.warning("compaction failed: %s", error)

"""Waiting keys: no duplicates, one worker a key, retries that back off."""

import asyncio
from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

from svclab.client.clock import Clock, LoopClock, Timer

K = TypeVar("K", bound=Hashable)


class WorkQueue(Generic[K]):
    """Keys that wait for a worker.

    Guarantees: a key waits at most once, however often it is added; keys come out in the order in which they came in;
    a key that is added while a worker has it comes out again after that worker's `done`, never at the same time.
    """

    def __init__(self, *, clock: Clock | None = None, base: float = 0.005, cap: float = 1000.0) -> None:
        self._clock = clock or LoopClock()
        self._base = base
        self._cap = cap
        self._queue: deque[K] = deque()
        self._dirty: set[K] = set()  # waits, or must wait again
        self._processing: set[K] = set()
        self._failures: dict[K, int] = {}
        self._timers: dict[K, tuple[float, Timer]] = {}
        self._idle_workers: deque[asyncio.Future[None]] = deque()

    def add(self, key: K) -> None:
        """The key waits for a worker from now on."""
        if key in self._dirty:
            return
        self._dirty.add(key)
        if key not in self._processing:
            self._queue.append(key)
            self._wake_one()

    def add_after(self, key: K, delay: float) -> None:
        """Adds the key in `delay` seconds; of several delays the shortest counts."""
        if delay <= 0:
            self.add(key)
            return
        due = self._clock.monotonic() + delay
        if key in self._timers:
            if self._timers[key][0] <= due:
                return
            self._timers[key][1].cancel()
        self._timers[key] = (due, self._clock.call_later(delay, lambda: self._due(key)))

    def retry(self, key: K) -> None:
        """Adds the key after a pause that doubles with each retry, until `forget`."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        self.add_after(key, min(self._cap, self._base * 2.0 ** min(failures, 60)))

    def forget(self, key: K) -> None:
        """The key went well: its next retry comes soon."""
        self._failures.pop(key, None)

    async def get(self) -> K:
        """The next key; call `done` with it afterwards."""
        while not self._queue:
            waiter = asyncio.get_running_loop().create_future()
            self._idle_workers.append(waiter)
            try:
                await waiter
            finally:
                if waiter in self._idle_workers:
                    self._idle_workers.remove(waiter)
        key = self._queue.popleft()
        self._dirty.discard(key)
        self._processing.add(key)
        return key

    def done(self, key: K) -> None:
        """The worker is finished with the key, well or not."""
        self._processing.discard(key)
        if key in self._dirty:
            self._queue.append(key)
            self._wake_one()

    def stop(self) -> None:
        """Drops the delayed keys."""
        for _, timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def __len__(self) -> int:
        """How many keys wait for a worker now."""
        return len(self._queue)

    def _due(self, key: K) -> None:
        self._timers.pop(key, None)
        self.add(key)

    def _wake_one(self) -> None:
        while self._idle_workers:
            waiter = self._idle_workers.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

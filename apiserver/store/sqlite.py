"""The sqlite engine: the index in memory, every change in an SQLite file before anyone hears of it.

One thread writes. While it flushes one batch to the disk the next one gathers, so concurrent writers share a flush.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec

from apiserver.store.index import Batch, Index
from apiserver.store.journal import Journal
from apiserver.store.memory import MemoryStore
from apiserver.store.types import Change, Compare, CompareFailed, Operation, StoreClosed

P = ParamSpec("P")

MAX_BATCH = 256  # transactions that share a flush
MAX_FORGET = 1000  # versions removed in one go, so that compaction never holds up writers for long


@dataclass(frozen=True, slots=True)
class Waiting:
    """A transaction that waits for its turn."""

    compares: Sequence[Compare]
    operations: Sequence[Operation]
    done: asyncio.Future[int]


class SqliteStore(MemoryStore):
    """A Store whose revisions and history outlive the process."""

    def __init__(self, path: Path) -> None:
        """Opens or makes the file. Raises StoreError."""
        self._journal = Journal(path)
        super().__init__(restored(self._journal))
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._waiting: deque[Waiting] = deque()
        self._writer: asyncio.Task[None] | None = None

    async def transaction(self, compares: Sequence[Compare], operations: Sequence[Operation]) -> int:
        if self._closed:
            raise StoreClosed
        loop = asyncio.get_running_loop()
        waiting = Waiting(compares, operations, loop.create_future())
        self._waiting.append(waiting)
        if self._writer is None:
            self._writer = loop.create_task(self._write())
        return await waiting.done

    async def compact(self, revision: int) -> None:
        forgotten = self._index.compact(revision)
        for first in range(0, len(forgotten), MAX_FORGET):
            superseded = versions_superseded(forgotten[first : first + MAX_FORGET])
            await self._run(self._journal.forget, superseded, self._index.revision, self._index.compacted)

    async def close(self) -> None:
        if self._closed:
            return
        await super().close()
        if self._writer is not None:
            await self._writer
        await self._run(self._journal.close)
        self._thread.shutdown()

    async def _write(self) -> None:
        """Commits what waits, batch by batch, until nothing does."""
        while self._waiting:
            count = min(len(self._waiting), MAX_BATCH)
            await self._commit([self._waiting.popleft() for _ in range(count)])
        self._writer = None

    async def _commit(self, waiting: Sequence[Waiting]) -> None:
        """One batch: what holds becomes durable, then visible, then acknowledged; the rest is refused."""
        batch = Batch(self._index)
        outcomes = [_outcome(batch, each) for each in waiting if not each.done.cancelled()]
        try:
            if batch.changes:
                await self._run(self._journal.append, batch.changes)
        except Exception as error:  # whatever it is, nobody may wait for ever
            outcomes = [(each, error) for each, _ in outcomes]
        else:
            self._publish(batch.changes)
        for each, outcome in outcomes:
            if each.done.cancelled():
                continue
            if isinstance(outcome, int):
                each.done.set_result(outcome)
            else:
                each.done.set_exception(outcome)

    def _run(self, function: Callable[P, None], *args: P.args, **_: P.kwargs) -> Awaitable[None]:
        return asyncio.get_running_loop().run_in_executor(self._thread, function, *args)


def restored(journal: Journal) -> Index:
    """The index as the journal remembers it, the history behind the last compaction included."""
    index = Index()
    newest, compacted = journal.marks()
    index.apply(list(journal.load()))
    index.revision = max(index.revision, newest)
    # A compaction that was cut short left versions behind. Else a start writes nothing: a full disk can still be read.
    if leftovers := versions_superseded(index.compact(compacted)):
        journal.forget(leftovers, index.revision, compacted)
    return index


def versions_superseded(changes: Sequence[Change]) -> list[tuple[int, str]]:
    """The versions (revision, key) that nobody can ask for once these changes are history no more."""
    superseded = [(change.previous.mod_revision, change.key) for change in changes if change.previous]
    return superseded + [(change.revision, change.key) for change in changes if not change.current]


def _outcome(batch: Batch, waiting: Waiting) -> tuple[Waiting, int | Exception]:
    try:
        return waiting, batch.add(waiting.compares, waiting.operations)
    except (CompareFailed, ValueError) as error:
        return waiting, error

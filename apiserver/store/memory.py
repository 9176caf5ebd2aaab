"""The memory engine: the index alone; nothing outlives the process."""

from collections.abc import Sequence

from apiserver.store.index import Batch, Index
from apiserver.store.types import Change, Compare, KeyValue, Operation, StoreClosed, Watcher
from apiserver.store.watch import Fanout


class MemoryStore:
    """A Store for tests and for clusters that need no tomorrow."""

    def __init__(self, index: Index | None = None) -> None:
        self._index = index or Index()
        self._fanout = Fanout(self._index)
        self._closed = False

    @property
    def revision(self) -> int:
        return self._index.revision

    @property
    def compacted(self) -> int:
        return self._index.compacted

    def get(self, key: str) -> KeyValue | None:
        return self._index.get(key)

    def list(self, prefix: str, *, revision: int = 0, after: str = "", limit: int = 0) -> list[KeyValue]:
        return self._index.list(prefix, revision, after, limit)

    def count(self, prefix: str, *, after: str = "") -> int:
        return self._index.count(prefix, after)

    def watch(self, prefix: str, after_revision: int) -> Watcher:
        return self._fanout.watch(prefix, after_revision)

    async def transaction(self, compares: Sequence[Compare], operations: Sequence[Operation]) -> int:
        if self._closed:
            raise StoreClosed
        batch = Batch(self._index)
        revision = batch.add(compares, operations)
        self._publish(batch.changes)
        return revision

    async def compact(self, revision: int) -> None:
        self._index.compact(revision)

    async def close(self) -> None:
        self._closed = True
        self._fanout.close()

    def _publish(self, changes: Sequence[Change]) -> None:
        """Makes durable changes visible to readers and watchers."""
        if changes:
            self._index.apply(changes)
            self._fanout.notify(changes)

"""The one in-memory index: current versions by key, and the changes since the last compaction. Pure."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Sequence
from operator import attrgetter

from apiserver.store.types import Change, Compacted, Compare, CompareFailed, FutureRevision, KeyValue, Operation, Put

_revision = attrgetter("revision")


class Index:
    """Sorted keys and their versions. The past is the present with the changes since then undone."""

    def __init__(self) -> None:
        self.revision = 0
        self.compacted = 0
        self._current: dict[str, KeyValue] = {}
        self._keys: list[str] = []
        self._history: list[Change] = []

    def get(self, key: str) -> KeyValue | None:
        return self._current.get(key)

    def list(self, prefix: str, revision: int, after: str, limit: int) -> list[KeyValue]:
        """As Store.list."""
        undone = self._undone(prefix, revision) if revision else {}
        keys: Iterable[str] = self._range(prefix, after, 0 if undone else limit)
        if not undone:
            return [self._current[key] for key in keys]
        versions = {key: self._current[key] for key in keys} | {key: kv for key, kv in undone.items() if key > after}
        past = [version for _, version in sorted(versions.items()) if version is not None]
        return past[:limit] if limit else past

    def count(self, prefix: str, after: str) -> int:
        first, last = self._bounds(prefix, after)
        return last - first

    def changes(self, prefix: str, after_revision: int) -> Sequence[Change]:
        """Every change behind the revision under the prefix. Raises Compacted or FutureRevision."""
        self.check(after_revision)
        first = bisect_right(self._history, after_revision, key=_revision)
        return [change for change in self._history[first:] if change.key.startswith(prefix)]

    def apply(self, changes: Sequence[Change]) -> None:
        """Makes the changes of one or more whole revisions the present."""
        for change in changes:
            if change.current is not None:
                self._current[change.key] = change.current
                if change.previous is None:
                    insort(self._keys, change.key)
            else:
                del self._current[change.key]
                del self._keys[bisect_left(self._keys, change.key)]
        self._history.extend(changes)
        self.revision = changes[-1].revision if changes else self.revision

    def compact(self, revision: int) -> Sequence[Change]:
        """Forgets the changes up to the revision and returns them."""
        revision = min(revision, self.revision)
        count = bisect_right(self._history, revision, key=_revision)
        forgotten = self._history[:count]
        del self._history[:count]
        self.compacted = max(self.compacted, revision)
        return forgotten

    def check(self, revision: int) -> None:
        """Raises Compacted or FutureRevision for a revision that cannot be listed or watched from."""
        if revision < self.compacted:
            raise Compacted(revision, self.compacted)
        if revision > self.revision:
            raise FutureRevision(revision, self.revision)

    def _undone(self, prefix: str, revision: int) -> dict[str, KeyValue | None]:
        """What stood at the revision under each key that changed since."""
        undone: dict[str, KeyValue | None] = {}
        for change in self.changes(prefix, revision):
            undone.setdefault(change.key, change.previous)
        return undone

    def _bounds(self, prefix: str, after: str) -> tuple[int, int]:
        start = bisect_left(self._keys, prefix) if prefix else 0
        last = bisect_left(self._keys, prefix[:-1] + chr(ord(prefix[-1]) + 1)) if prefix else len(self._keys)
        return max(start, bisect_right(self._keys, after)), last

    def _range(self, prefix: str, after: str, limit: int) -> Sequence[str]:
        first, last = self._bounds(prefix, after)
        return self._keys[first : min(last, first + limit) if limit else last]


class Batch:
    """Transactions on top of an index that are not part of it yet. Later ones see what earlier ones changed."""

    def __init__(self, index: Index) -> None:
        self.changes: list[Change] = []
        self.revision = index.revision
        self._index = index
        self._versions: dict[str, KeyValue | None] = {}

    def add(self, compares: Sequence[Compare], operations: Sequence[Operation]) -> int:
        """Checks the conditions and adds the changes; returns the revision. Raises CompareFailed, ValueError."""
        for compare in compares:
            current = self._get(compare.key)
            if (current.mod_revision if current else 0) != compare.mod_revision:
                raise CompareFailed(compare.key, current)
        if len({operation.key for operation in operations}) != len(operations):
            raise ValueError("two operations of a transaction name one key")
        revision = self.revision + 1
        changes = [change for operation in operations if (change := self._change(operation, revision))]
        if changes:
            self.revision = revision
            self.changes.extend(changes)
            self._versions.update({change.key: change.current for change in changes})
        return self.revision

    def _get(self, key: str) -> KeyValue | None:
        return self._versions[key] if key in self._versions else self._index.get(key)

    def _change(self, operation: Operation, revision: int) -> Change | None:
        previous = self._get(operation.key)
        if isinstance(operation, Put):
            created = previous.create_revision if previous else revision
            return Change(
                revision, operation.key, KeyValue(operation.key, operation.value, created, revision), previous
            )
        return Change(revision, operation.key, None, previous) if previous else None

"""Watch fan-out: a watcher is a place in the shared history, so a slow one costs a writer nothing.

The history is the bounded queue of all watchers: one that falls behind its oldest change ends with Compacted.
"""

import asyncio
from collections.abc import Sequence

from apiserver.store.index import Index
from apiserver.store.types import Change


class IndexWatcher:
    """A Watcher over an Index."""

    def __init__(self, fanout: "Fanout", index: Index, prefix: str, after_revision: int) -> None:
        self._fanout = fanout
        self._index = index
        self._prefix = prefix
        self._wait: asyncio.Future[None] | None = None
        self._interrupted = False
        self._closed = False
        self._revision = after_revision

    @property
    def revision(self) -> int:
        return self._revision

    def __aiter__(self) -> "IndexWatcher":
        return self

    async def __anext__(self) -> list[Change]:
        while not self._closed:
            changes = list(self._index.changes(self._prefix, self._revision))
            self._revision = self._index.revision
            if changes or self._interrupted:
                self._interrupted = False
                return changes
            self._wait = asyncio.get_running_loop().create_future()
            try:
                await self._wait
            finally:
                self._wait = None
        raise StopAsyncIteration

    def notify(self, before: int) -> None:
        """The history has something for this watcher; if it was waiting, nothing up to the revision `before` was."""
        if self._wait is not None and not self._wait.done():
            self._revision = before
            self._wait.set_result(None)

    def interrupt(self) -> None:
        self._interrupted = True
        self._wake()

    def close(self) -> None:
        self._closed = True
        self._fanout.remove(self._prefix, self)
        self._wake()

    def _wake(self) -> None:
        if self._wait is not None and not self._wait.done():
            self._wait.set_result(None)


class Fanout:
    """The watchers of an index, by prefix."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._watchers: dict[str, set[IndexWatcher]] = {}
        self._closed = False

    def watch(self, prefix: str, after_revision: int) -> IndexWatcher:
        self._index.check(after_revision)
        watcher = IndexWatcher(self, self._index, prefix, after_revision)
        if self._closed:
            watcher.close()
            return watcher
        self._watchers.setdefault(prefix, set()).add(watcher)
        return watcher

    def notify(self, changes: Sequence[Change]) -> None:
        """Wakes the watchers that the changes, already applied, concern."""
        before = changes[0].revision - 1
        for prefix, watchers in self._watchers.items():
            if any(change.key.startswith(prefix) for change in changes):
                for watcher in watchers:
                    watcher.notify(before)

    def remove(self, prefix: str, watcher: IndexWatcher) -> None:
        watchers = self._watchers.get(prefix, set())
        watchers.discard(watcher)
        if not watchers:
            self._watchers.pop(prefix, None)

    def close(self) -> None:
        """Ends every watcher, and those to come at once."""
        self._closed = True
        for watcher in [watcher for watchers in self._watchers.values() for watcher in watchers]:
            watcher.close()

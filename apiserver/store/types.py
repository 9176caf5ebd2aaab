"""What a store is: its facts, its failures, and the interface that every engine keeps.

StoreError
 +- CompareFailed    a condition of the transaction does not hold; nothing was written
 +- Compacted        the revision is older than the history kept
 +- FutureRevision   the revision has not happened yet
 +- StoreFull        the disk is full; nothing was written
 +- StoreClosed      the store was closed before; nothing was written
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class KeyValue:
    """One version of one key."""

    key: str
    value: bytes
    create_revision: int
    mod_revision: int


@dataclass(frozen=True, slots=True)
class Compare:
    """A condition of a transaction: the key's latest version is this one (0: the key does not exist)."""

    key: str
    mod_revision: int


@dataclass(frozen=True, slots=True)
class Put:
    """Write the key, new or not."""

    key: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove the key; a key that does not exist stays so."""

    key: str


Operation = Put | Delete


@dataclass(frozen=True, slots=True)
class Change:
    """What one revision did to one key: created (no previous), replaced, or deleted (no current)."""

    revision: int
    key: str
    current: KeyValue | None
    previous: KeyValue | None


class StoreError(Exception):
    """What a store can answer instead of a result."""


class CompareFailed(StoreError):
    """A condition of the transaction does not hold: `current` is the version that stands instead."""

    def __init__(self, key: str, current: KeyValue | None) -> None:
        super().__init__(f"{key} is at revision {current.mod_revision if current else 0}")
        self.key = key
        self.current = current


class Compacted(StoreError):
    """The revision asked for is older than the oldest that is kept."""

    def __init__(self, revision: int, oldest: int) -> None:
        super().__init__(f"revision {revision} is compacted; the oldest is {oldest}")
        self.revision = revision
        self.oldest = oldest


class FutureRevision(StoreError):
    """The revision asked for is newer than the newest that exists."""

    def __init__(self, revision: int, newest: int) -> None:
        super().__init__(f"revision {revision} is in the future; the newest is {newest}")
        self.revision = revision
        self.newest = newest


class StoreFull(StoreError):
    """The disk is full: the transaction was not written, earlier ones are safe."""


class StoreClosed(StoreError):
    """The store takes no more transactions."""


class Watcher(Protocol):
    """Batches of changes, in order, each revision whole. A batch is empty only after `interrupt`."""

    @property
    def revision(self) -> int:
        """Every change up to here has been handed out."""

    def __aiter__(self) -> "Watcher": ...

    async def __anext__(self) -> list[Change]:
        """The next batch. Raises Compacted when the watcher fell behind the history kept."""

    def interrupt(self) -> None:
        """Ends the present or the next wait with what there is, even if that is nothing."""

    def close(self) -> None:
        """Ends the iteration and frees the watcher."""


class Store(Protocol):
    """Sorted keys with history. Reads are synchronous and come from memory; writes are durable before they return."""

    @property
    def revision(self) -> int:
        """The newest revision. Each transaction that changes something is one revision."""

    @property
    def compacted(self) -> int:
        """The oldest revision that can be listed or watched from."""

    def get(self, key: str) -> KeyValue | None:
        """The latest version of the key."""

    def list(self, prefix: str, *, revision: int = 0, after: str = "", limit: int = 0) -> list[KeyValue]:
        """Keys that start with the prefix and sort behind `after`, sorted, as of `revision` (0: the newest).

        Raises Compacted or FutureRevision.
        """

    def count(self, prefix: str, *, after: str = "") -> int:
        """How many keys start with the prefix and sort behind `after` now."""

    async def transaction(self, compares: Sequence[Compare], operations: Sequence[Operation]) -> int:
        """All operations if every condition holds, else none; returns the revision that holds them.

        Raises CompareFailed, StoreFull, StoreClosed, and ValueError if two operations name one key.
        """

    def watch(self, prefix: str, after_revision: int) -> Watcher:
        """Follows every change behind `after_revision`. Raises Compacted or FutureRevision."""

    async def compact(self, revision: int) -> None:
        """Forgets versions that were superseded up to `revision`."""

    async def close(self) -> None:
        """Finishes what is being written, ends the watchers and releases what the engine holds; reads go on."""

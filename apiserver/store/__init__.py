"""Keys and bytes in, keys and bytes out: a revisioned store with transactions, history and watches.

Every engine answers reads from one in-memory index; a write is acknowledged once it is durable (engine `sqlite`).
Nothing here knows what the bytes mean.
"""

from apiserver.store.memory import MemoryStore
from apiserver.store.sqlite import SqliteStore
from apiserver.store.types import (
    Change,
    Compacted,
    Compare,
    CompareFailed,
    Delete,
    FutureRevision,
    KeyValue,
    Operation,
    Put,
    Store,
    StoreClosed,
    StoreError,
    StoreFull,
    Watcher,
)

__all__ = [
    "Change",
    "Compacted",
    "Compare",
    "CompareFailed",
    "Delete",
    "FutureRevision",
    "KeyValue",
    "MemoryStore",
    "Operation",
    "Put",
    "SqliteStore",
    "Store",
    "StoreClosed",
    "StoreError",
    "StoreFull",
    "Watcher",
]

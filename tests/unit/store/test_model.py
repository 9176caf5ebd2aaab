"""Any sequence of transactions, compactions and restarts against a model that copies everything at every revision."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from apiserver.store import (
    Change,
    Compare,
    CompareFailed,
    Delete,
    KeyValue,
    MemoryStore,
    Operation,
    Put,
    SqliteStore,
    Store,
)

KEYS = st.sampled_from(["/a/1", "/a/2", "/a/2/x", "/ab", "/b/1"])
PREFIXES = ["", "/a/", "/a/2", "/b/", "/c/"]
OPERATIONS = st.lists(
    st.one_of(st.builds(Put, KEYS, st.binary(max_size=3)), st.builds(Delete, KEYS)),
    max_size=3,
    unique_by=lambda operation: operation.key,
)
COMPARES = st.lists(st.builds(Compare, KEYS, st.integers(0, 4)), max_size=1)
STEPS = st.lists(
    st.one_of(st.tuples(COMPARES, OPERATIONS), st.integers(0, 12), st.just("restart")), min_size=1, max_size=15
)


@dataclass
class Model:
    """The obvious store: a snapshot of each revision."""

    snapshots: list[dict[str, KeyValue]] = field(default_factory=lambda: [{}])
    compacted: int = 0

    @property
    def revision(self) -> int:
        return len(self.snapshots) - 1

    def transaction(self, compares: Sequence[Compare], operations: Sequence[Operation]) -> bool:
        now = self.snapshots[-1]
        if any((now[each.key].mod_revision if each.key in now else 0) != each.mod_revision for each in compares):
            return False
        after, revision = dict(now), self.revision + 1
        for operation in operations:
            if isinstance(operation, Put):
                created = now[operation.key].create_revision if operation.key in now else revision
                after[operation.key] = KeyValue(operation.key, operation.value, created, revision)
            else:
                after.pop(operation.key, None)
        if after != now:
            self.snapshots.append(after)
        return True

    def changes(self, prefix: str, after_revision: int) -> list[Change]:
        found = []
        for revision in range(after_revision + 1, self.revision + 1):
            before, after = self.snapshots[revision - 1], self.snapshots[revision]
            for key in sorted(before.keys() | after.keys()):
                if key.startswith(prefix) and before.get(key) != after.get(key):
                    found.append(Change(revision, key, after.get(key), before.get(key)))
        return found


def check(store: Store, model: Model) -> None:
    """Everything that can be read is as in the model."""
    assert (store.revision, store.compacted) == (model.revision, model.compacted)
    for revision in range(max(model.compacted, 1), model.revision + 1):  # 0 means the newest
        for prefix in PREFIXES:
            expected = [kv for key, kv in sorted(model.snapshots[revision].items()) if key.startswith(prefix)]
            assert store.list(prefix, revision=revision) == expected
            assert (
                store.list(prefix, revision=revision, after="/a/1", limit=2)
                == [kv for kv in expected if kv.key > "/a/1"][:2]
            )
    assert store.count("/a/") == len(store.list("/a/"))


async def watched(store: Store, prefix: str, after_revision: int) -> list[Change]:
    watcher = store.watch(prefix, after_revision)
    watcher.interrupt()
    changes = sorted(await anext(watcher), key=lambda change: (change.revision, change.key))
    watcher.close()
    return changes


async def play(store: Store, steps: list[tuple[list[Compare], list[Operation]] | int | str], path: Path | None) -> None:
    model = Model()
    for step in steps:
        if step == "restart":
            if path is not None:
                await store.close()
                store = SqliteStore(path)
        elif isinstance(step, int):
            await store.compact(step)
            model.compacted = max(model.compacted, min(step, model.revision))
        elif isinstance(step, tuple):
            try:
                await store.transaction(*step)
                accepted = True
            except CompareFailed:
                accepted = False
            assert accepted == model.transaction(*step)
        check(store, model)
    for prefix in PREFIXES:
        for revision in range(model.compacted, model.revision + 1):
            assert await watched(store, prefix, revision) == model.changes(prefix, revision)
    await store.close()


@given(STEPS)
@settings(max_examples=150, deadline=None)
def test_memory(steps: list[tuple[list[Compare], list[Operation]] | int | str]) -> None:
    asyncio.run(play(MemoryStore(), steps, None))


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_sqlite(steps: list[tuple[list[Compare], list[Operation]] | int | str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        asyncio.run(play(SqliteStore(path), steps, path))

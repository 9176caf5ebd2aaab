"""What the sqlite engine adds: it outlives its process, its crash and a full disk."""

import asyncio
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from apiserver.store import Change, Compacted, Compare, Delete, Put, SqliteStore, StoreError, StoreFull
from apiserver.store.journal import Journal

# Writes keys from 50 tasks at once, each its own count upwards, and prints what is acknowledged.
WRITER = """
import asyncio, sys
from pathlib import Path
from apiserver.store import Put, SqliteStore

async def main():
    store = SqliteStore(Path(sys.argv[1]))
    async def write(name):
        number = 0
        while True:
            number += 1
            await store.transaction([], [Put(f"/a/{name}", b"%d" % number), Put(f"/b/{name}", b"%d" % number)])
            print(name, number, store.revision, flush=True)
    await asyncio.gather(*(write(name) for name in range(50)))

asyncio.run(main())
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """No file of this process grows beyond the size, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def revisions(path: Path) -> list[int]:
    """The revisions of the versions that the file holds."""
    with closing(sqlite3.connect(path)) as connection:
        return [revision for (revision,) in connection.execute("SELECT revision FROM version ORDER BY revision")]


async def test_a_restart_brings_back_revision_values_and_history(path: Path) -> None:
    store = SqliteStore(path)
    await store.transaction([], [Put("/a", b"1"), Put("/b", b"1")])
    await store.transaction([], [Put("/a", b"2")])
    await store.compact(2)
    await store.transaction([], [Put("/a", b"3"), Delete("/b")])
    before = [*store.list("/"), *store.list("/", revision=2)], await anext(store.watch("/", 2))
    await store.close()
    again = SqliteStore(path)
    assert (again.revision, again.compacted) == (3, 2)
    assert ([*again.list("/"), *again.list("/", revision=2)], await anext(again.watch("/", 2))) == before
    with pytest.raises(Compacted):
        again.list("/", revision=1)
    await again.close()


async def test_the_revision_never_goes_back_though_its_change_is_forgotten(path: Path) -> None:
    store = SqliteStore(path)
    await store.transaction([], [Put("/a", b"1")])
    await store.transaction([], [Delete("/a")])
    await store.compact(2)
    await store.close()
    assert revisions(path) == []
    again = SqliteStore(path)
    assert await again.transaction([Compare("/a", 0)], [Put("/a", b"new")]) == 3
    await again.close()


async def test_a_compaction_that_was_cut_short_is_finished_at_the_next_start(path: Path) -> None:
    store = SqliteStore(path)
    for number in range(3):
        await store.transaction([], [Put("/a", b"%d" % number)])
    await store.close()
    journal = Journal(path)
    journal.forget([], 3, 3)
    journal.close()
    again = SqliteStore(path)
    assert again.compacted == 3
    await again.close()
    assert revisions(path) == [3]


async def test_only_the_owner_can_read_the_files(path: Path) -> None:
    store = SqliteStore(path)
    await store.transaction([], [Put("/a", b"secret")])
    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes == {"store.db": 0o600, "store.db-wal": 0o600}
    await store.close()


async def test_a_file_has_one_server(path: Path) -> None:
    store = SqliteStore(path)
    with pytest.raises(StoreError, match=f"{path}: in use by another API server"):
        SqliteStore(path)
    await store.close()


def test_a_file_that_is_no_database_is_left_alone(path: Path) -> None:
    path.write_bytes(b"shopping list\n" * 100)
    with pytest.raises(StoreError, match=f"{path}: file is not a database"):
        SqliteStore(path)
    assert path.read_bytes().startswith(b"shopping list")


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file or directory"):
        SqliteStore(tmp_path / "missing" / "store.db")


async def test_writers_that_wait_share_a_flush(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []
    append = Journal.append

    def counted(journal: Journal, changes: Sequence[Change]) -> None:
        batches.append(len(changes))
        append(journal, changes)

    monkeypatch.setattr(Journal, "append", counted)
    store = SqliteStore(path)
    await asyncio.gather(*(store.transaction([], [Put(f"/{number}", b"")]) for number in range(200)))
    assert sum(batches) == 200
    assert len(batches) < 5
    await store.close()


async def test_a_full_disk_refuses_the_write_and_nothing_else(path: Path) -> None:
    store = SqliteStore(path)
    await store.transaction([], [Put("/a", b"1")])
    watcher = store.watch("/", 1)
    with file_size_limit(64 * 1024):
        writes = [store.transaction([], [Put(f"/big/{number}", bytes(1 << 20))]) for number in range(3)]
        results = await asyncio.gather(*writes, return_exceptions=True)
        assert [type(result) for result in results] == [StoreFull] * 3
        assert f"{path}: cannot be written (disk I/O error); is the disk full?" in str(results[0])
        assert store.revision == 1
        assert [item.key for item in store.list("/")] == ["/a"]
    assert await store.transaction([Compare("/a", 1)], [Put("/a", b"2")]) == 2
    assert [change.key for change in await anext(watcher)] == ["/a"]
    await store.close()
    again = SqliteStore(path)
    assert [(item.key, item.value) for item in again.list("/")] == [("/a", b"2")]
    await again.close()


async def test_a_writer_that_gives_up_does_not_disturb_the_others(path: Path) -> None:
    store = SqliteStore(path)
    tasks = [asyncio.create_task(store.transaction([], [Put(f"/{number}", b"")])) for number in range(10)]
    await asyncio.sleep(0)
    tasks[3].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(isinstance(result, int) for result in results) == 9
    await store.close()


@pytest.mark.parametrize("acknowledged", [1, 500, 2000])
def test_what_was_acknowledged_survives_a_kill(path: Path, acknowledged: int) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    lines = [next(writer.stdout) for _ in range(acknowledged)]
    writer.kill()
    lines += writer.stdout.readlines()
    writer.stdout.close()
    writer.wait()
    seen = [tuple(map(int, line.split())) for line in lines if line.endswith("\n")]
    promised = {name: number for name, number, _ in seen}
    store = SqliteStore(path)
    for name, number in promised.items():
        first, second = store.get(f"/a/{name}"), store.get(f"/b/{name}")
        assert first is not None
        assert second is not None
        assert first.value == second.value, "a transaction was torn"
        assert int(first.value) >= number
    assert store.revision >= max(revision for *_, revision in seen)
    asyncio.run(store.close())

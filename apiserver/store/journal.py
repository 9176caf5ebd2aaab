"""The SQLite file below the sqlite engine: an append-only table of versions. Blocking: one thread at a time."""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from apiserver.store.types import Change, KeyValue, StoreError, StoreFull

# WITHOUT ROWID, with the revision first: a commit writes to the right edge of one tree and little else.
SCHEMA = """
CREATE TABLE IF NOT EXISTS version (
    revision INTEGER NOT NULL,
    key TEXT NOT NULL,
    create_revision INTEGER NOT NULL,
    value BLOB,  -- NULL: the key was deleted
    PRIMARY KEY (revision, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, revision INTEGER NOT NULL) WITHOUT ROWID;
"""

# An exclusive lock keeps a second server out and spares the shared-memory file.
SETTINGS = ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL", "cache_size=-2000", "temp_store=MEMORY")

# A quota or a limit on file sizes shows as one of these.
WRITE_ERRORS = {
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_TRUNCATE,
    sqlite3.SQLITE_IOERR_SHMSIZE,
}


class Journal:
    """Versions by revision, in one file that only its owner reads."""

    def __init__(self, path: Path) -> None:
        """Opens or makes the file. Raises StoreError if it is in use, is no database, or cannot be written."""
        self._path = path
        with self._failures():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
            try:
                for setting in SETTINGS:
                    self._connection.execute(f"PRAGMA {setting}")
                self._connection.executescript(SCHEMA)
            except BaseException:
                self._connection.close()
                raise

    def marks(self) -> tuple[int, int]:
        """The revision that was the newest at the last compaction, and how far that went."""
        marks: dict[str, int] = dict(self._connection.execute("SELECT name, revision FROM mark"))
        return marks.get("newest", 0), marks.get("compacted", 0)

    def load(self) -> Iterator[Change]:
        """Every version kept, oldest first, as the changes that made them."""
        latest: dict[str, KeyValue] = {}
        rows = self._connection.execute(
            "SELECT revision, key, create_revision, value FROM version ORDER BY revision, key"
        )
        for revision, key, create_revision, value in rows:
            previous = latest.pop(key, None)
            current = KeyValue(key, value, create_revision, revision) if value is not None else None
            if current is not None:
                latest[key] = current
            yield Change(revision, key, current, previous)

    def append(self, changes: Sequence[Change]) -> None:
        """Makes the changes durable, all or none. Raises StoreFull, StoreError."""
        with self._transaction() as connection:
            connection.executemany("INSERT INTO version VALUES (?, ?, ?, ?)", map(_row, changes))

    def forget(self, superseded: Iterable[tuple[int, str]], newest: int, compacted: int) -> None:
        """Removes versions, by revision and key, and remembers how far compaction went."""
        with self._transaction() as connection:
            connection.executemany("DELETE FROM version WHERE revision = ? AND key = ?", superseded)
            marks = [("newest", newest), ("compacted", compacted)]
            connection.executemany("INSERT OR REPLACE INTO mark VALUES (?, ?)", marks)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._failures():
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # SQLite itself rolls back after some failures, and then there is nothing left to roll back.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0)
            if code == sqlite3.SQLITE_FULL:
                raise StoreFull(f"{self._path}: the disk is full; free some space and try again") from error
            if code in WRITE_ERRORS:
                raise StoreFull(f"{self._path}: cannot be written ({error}); is the disk full?") from error
            if code == sqlite3.SQLITE_BUSY:
                raise StoreError(f"{self._path}: in use by another API server") from error
            raise StoreError(f"{self._path}: {error}") from error
        except OSError as error:
            raise StoreError(f"{self._path}: {error.strerror}") from error


def _row(change: Change) -> tuple[int, str, int, bytes | None]:
    if change.current is None:
        return change.revision, change.key, 0, None
    return change.revision, change.key, change.current.create_revision, change.current.value

"""Who has which address: written to disk before anybody is told, so that a crash neither leaks nor doubles one."""

import json
from dataclasses import asdict, dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cloud_controller.pool import Address
from svclab.client.private_files import write_private


@dataclass(frozen=True)
class Entry:
    """The addresses of one Service, told from others of its name by its uid."""

    uid: str
    addresses: tuple[Address, ...]
    asked: float = 0.0  # seconds since the epoch: when it was first asked for; faults that last count from then
    fault: str = ""  # its own fault as it was seen last
    faulty_since: float = 0.0  # when that was first seen
    readdressed: str = ""  # the fault `readdress=N` that was obeyed last, so that each is obeyed once
    lost: tuple[Address, ...] = ()  # what that took away: it gets others
    lost_at: float = 0.0


@dataclass
class Ledger:
    """Entries by uid, kept in one file that is replaced whole (its owner alone reads it)."""

    path: Path
    entries: dict[str, Entry] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> "Ledger":
        """An absent file is an empty ledger. Raises OSError, ValueError for a damaged file."""
        if not path.exists():
            return cls(path)
        rows = json.loads(path.read_text())
        entries = [_entry(row) for row in rows]
        return cls(path, {entry.uid: entry for entry in entries})

    @property
    def taken(self) -> set[Address]:
        return {address for entry in self.entries.values() for address in entry.addresses}

    def put(self, entry: Entry) -> None:
        if self.entries.get(entry.uid) != entry:
            self._save({**self.entries, entry.uid: entry})

    def remove(self, uid: str) -> None:
        if uid in self.entries:
            self._save({key: entry for key, entry in self.entries.items() if key != uid})

    def keep_only(self, uids: set[str]) -> None:
        """Frees what Services had that are there no more (deleted while the cloud was away, without its finalizer)."""
        if self.entries.keys() - uids:
            self._save({key: entry for key, entry in self.entries.items() if key in uids})

    def _save(self, entries: dict[str, Entry]) -> None:
        write_private(self.path, json.dumps([asdict(entry) for entry in entries.values()], default=str).encode())
        self.entries = entries


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(**row | {name: tuple(map(ip_address, row.get(name, ()))) for name in ("addresses", "lost")})

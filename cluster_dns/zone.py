"""The names that are there, from what each object contributes.

Depends on the contributions alone, not on the order they came in.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from cluster_dns.message import Record, RType
from cluster_dns.names import ZoneNames, ancestors, is_within

RecordSets = Mapping[bytes, tuple[Record, ...]]  # name to records; a name without records is there all the same


@dataclass(frozen=True, slots=True)
class Settings:
    """What all records of the zone share."""

    names: ZoneNames
    ttl: int = 30  # seconds, as in the usual cluster's Corefile
    dns_service: tuple[str, str] = (
        "kube-system",
        "kube-dns",
    )  # the Service whose addresses ns.dns.Z, the name server, has


class Source(IntEnum):
    """The kinds of contributions; where an address has PTR records of several, the first one wins."""

    ZONE = 0
    NAMESPACE = 1
    SERVICE = 2
    ENDPOINTS = 3


Owner = tuple[Source, str, str]  # the object that contributes: its kind, namespace and name


class Zone:
    """The records of the zone and of the reverse names of its addresses."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.synced = False  # until then nothing is known to be missing
        self._by_owner: dict[Owner, RecordSets] = {}
        self._by_name: dict[bytes, dict[Owner, tuple[Record, ...]]] = {}
        self._below: Counter[bytes] = Counter()  # how many names there are below each name of the zone

    def contains(self, name: bytes) -> bool:
        """Whether the zone is to answer for the name, be it there or not."""
        return is_within(name, self.settings.names.apex)

    def has_own(self, name: bytes) -> bool:
        """Whether an object contributes the name itself, so that it is not there for the names below it alone."""
        return name in self._by_name

    def find(self, name: bytes) -> dict[int, tuple[Record, ...]] | None:
        """The name's records by type; None if it is not there.

        A name above others is there without records (RFC 8020).
        """
        contributions = self._by_name.get(name)
        if contributions is None:
            return {} if name in self._below else None
        owners = sorted(contributions)
        by_type: dict[int, dict[Record, None]] = {}
        for owner in owners:
            for record in contributions[owner]:
                if record.rtype != RType.PTR or owner[0] == owners[0][0]:
                    by_type.setdefault(record.rtype, {})[record] = None
        return {rtype: tuple(records) for rtype, records in by_type.items()}

    def replace(self, owner: Owner, sets: RecordSets) -> set[bytes]:
        """Puts the owner's contribution in the place of its last one, {} for none.

        Returns the names whose answers may differ now.
        """
        before = self._by_owner.get(owner, {})
        changed = {name for name in before.keys() | sets.keys() if before.get(name) != sets.get(name)}
        for name in changed:
            if name in sets:
                self._put(name, owner, sets[name])
            else:
                self._drop(name, owner)
        if sets:
            self._by_owner[owner] = sets
        else:
            self._by_owner.pop(owner, None)
        return changed | set(_with_additional(sets)) if changed else changed

    def _put(self, name: bytes, owner: Owner, records: tuple[Record, ...]) -> None:
        if name not in self._by_name:
            self._by_name[name] = {}
            if self.contains(name):
                self._below.update(self._above(name))
        self._by_name[name][owner] = records

    def _drop(self, name: bytes, owner: Owner) -> None:
        del self._by_name[name][owner]
        if self._by_name[name]:
            return
        del self._by_name[name]
        if self.contains(name):
            for above in self._above(name):
                self._below[above] -= 1
                if not self._below[above]:
                    del self._below[above]

    def _above(self, name: bytes) -> Iterable[bytes]:
        return (above for above in ancestors(name) if self.contains(above))


def _with_additional(sets: RecordSets) -> Iterable[bytes]:
    """The names whose answers also hold addresses of other names of the same contribution."""
    return (name for name, records in sets.items() if any(record.rtype == RType.SRV for record in records))

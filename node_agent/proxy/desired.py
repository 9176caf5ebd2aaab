"""The elements that a table should have, and what that differs from the kernel by: pure."""

from collections import Counter
from collections.abc import Iterable, Mapping

from node_agent.nft.objects import Family
from node_agent.nft.transaction import AddElements, DeleteElements, Transaction
from node_agent.proxy.elements import SHARED_SETS, ElementSets
from node_agent.proxy.facts import ServicePortName
from node_agent.proxy.rules import TABLE

ABSENT = None


class Desired:
    """Merges the elements of svc-ports, and remembers what changed since the last `committed()`."""

    def __init__(self) -> None:
        self.sets: ElementSets = {}
        self._ports: dict[ServicePortName, ElementSets] = {}
        self._owners: dict[str, Counter[str]] = {name: Counter() for name in SHARED_SETS}
        self._before: dict[str, dict[str, str | None]] = {}  # what the kernel has, of what was touched

    def update(self, changes: Mapping[ServicePortName, ElementSets]) -> None:
        """Replaces the elements of these svc-ports ({}: none). All go before any comes: one may take another's key."""
        for name in changes:
            for set_name, rows in self._ports.pop(name, {}).items():
                self._remove(set_name, rows)
        for name, sets in changes.items():
            if sets:
                self._ports[name] = sets
            for set_name, rows in sets.items():
                self._insert(set_name, rows)

    def difference(self, family: Family) -> Transaction:
        """From what the kernel has to what it should have; deletions first, since a changed value is both."""
        deletions: list[DeleteElements] = []
        additions: list[AddElements] = []
        for set_name, touched in self._before.items():
            rows = self.sets.get(set_name, {})
            differing = {key: old for key, old in touched.items() if rows.get(key) != old}
            gone = tuple(bare(key) for key, old in differing.items() if old is not ABSENT)
            new = {key: rows[key] for key in differing if key in rows}
            if gone:
                deletions.append(DeleteElements(family, TABLE, set_name, gone))
            if new:
                additions.append(AddElements(family, TABLE, set_name, new))
        return Transaction([*deletions, *additions])

    def committed(self) -> None:
        """The kernel has it."""
        self._before.clear()

    def _insert(self, set_name: str, rows: Mapping[str, str]) -> None:
        mine, before = self.sets.setdefault(set_name, {}), self._before.setdefault(set_name, {})
        owners = self._owners.get(set_name)
        for key, value in rows.items():
            if owners is not None:
                owners[key] += 1
            if key not in before:
                before[key] = mine.get(key)
            mine[key] = value

    def _remove(self, set_name: str, rows: Iterable[str]) -> None:
        mine, before = self.sets[set_name], self._before.setdefault(set_name, {})
        owners = self._owners.get(set_name)
        for key in rows:
            if owners is not None:
                owners[key] -= 1
                if owners[key]:
                    continue
                del owners[key]
            if key not in before:
                before[key] = mine[key]
            del mine[key]


def bare(key: str) -> str:
    """A key without its comment."""
    return key.partition(" comment ")[0]

"""The elements that a table should have, and what a change of them means for the kernel: pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from node_agent.nft.objects import Family
from node_agent.nft.transaction import AddElements, DeleteElements, Transaction
from node_agent.proxy.elements import SHARED_SETS, ElementSets
from node_agent.proxy.facts import ServicePortName
from node_agent.proxy.rules import TABLE


@dataclass(frozen=True)
class Difference:
    """Elements that some svc-port gave up, and those that some svc-port claims now; what is in both stays."""

    gone: ElementSets = field(default_factory=dict)
    new: ElementSets = field(default_factory=dict)

    def transaction(self, family: Family) -> Transaction:
        """Deletions first, since a changed value is both."""
        gone, new = _without(self.gone, self.new), _without(self.new, self.gone)
        deletions = [DeleteElements(family, TABLE, name, tuple(map(bare, rows))) for name, rows in gone.items()]
        additions = [AddElements(family, TABLE, name, rows) for name, rows in new.items()]
        return Transaction([*deletions, *additions])


class Desired:
    """Which svc-port wants which elements; what several may share goes with the last of them."""

    def __init__(self) -> None:
        self._ports: dict[ServicePortName, ElementSets] = {}
        self._owners: dict[str, Counter[str]] = {name: Counter() for name in SHARED_SETS}

    def update(self, changes: Mapping[ServicePortName, ElementSets]) -> Difference:
        """Replaces the elements of these svc-ports ({}: none any more)."""
        difference = Difference()
        for name in changes:
            for set_name, rows in self._ports.pop(name, {}).items():
                released = self._release(set_name, rows) if set_name in SHARED_SETS else rows
                difference.gone.setdefault(set_name, {}).update(released)
        for name, sets in changes.items():
            if sets:
                self._ports[name] = sets
            for set_name, rows in sets.items():
                claimed = self._claim(set_name, rows) if set_name in SHARED_SETS else rows
                difference.new.setdefault(set_name, {}).update(claimed)
        return difference

    def _claim(self, set_name: str, rows: Mapping[str, str]) -> dict[str, str]:
        """Those that nobody wanted before."""
        owners = self._owners[set_name]
        claimed = {key: "" for key in rows if not owners[key]}
        owners.update(rows.keys())
        return claimed

    def _release(self, set_name: str, rows: Mapping[str, str]) -> dict[str, str]:
        """Those that nobody else wants."""
        owners = self._owners[set_name]
        owners.subtract(rows.keys())
        released = {key: "" for key in rows if not owners[key]}
        for key in released:
            del owners[key]
        return released


def bare(key: str) -> str:
    """A key without its comment."""
    return key.partition(" comment ")[0]


def _without(sets: ElementSets, others: ElementSets) -> ElementSets:
    """Those that the others do not have, or have with another value; sets that are left empty are left out."""
    kept = {}
    for name, rows in sets.items():
        other = others.get(name, {})
        if left := {key: value for key, value in rows.items() if other.get(key) != value}:
            kept[name] = left
    return kept

"""An nftables that says no, for tests: it refuses what the kernel refuses, and keeps nothing of what it refused."""

import re
from typing import Any

from node_agent.nft.kernel import NftError
from node_agent.nft.objects import Family, Table
from node_agent.nft.transaction import AddElements, Change, DeleteElements, DeleteTable, ReplaceTable, Transaction

TableKey = tuple[Family, str]
_TARGET = re.compile(r"\b(?:goto|jump) (\S+)")
_SET = re.compile(r"@(\S+)")
_COMMENT = re.compile(r' comment "[^"]*"')


class FakeNft:
    """Tables in memory, and the transactions that made them."""

    def __init__(self) -> None:
        self.tables: dict[TableKey, tuple[Table, dict[str, dict[str, str]]]] = {}
        self.transactions: list[Transaction] = []

    def run(self, transaction: Transaction) -> None:
        before = {
            key: (table, {name: dict(rows) for name, rows in sets.items()})
            for key, (table, sets) in self.tables.items()
        }
        try:
            for change in transaction.changes:
                self._apply(change)
            for table, sets in self.tables.values():
                _check(table, sets)
        except NftError:
            self.tables = before
            raise
        self.transactions.append(transaction)

    def elements(self, family: Family, table: str, set_name: str) -> list[Any]:
        found = self.tables.get((family, table))
        return [[key, value] for key, value in found[1].get(set_name, {}).items()] if found else []

    def dump(self) -> str:
        """Everything, in an order that does not depend on how it came about."""
        parts = []
        for key, (table, sets) in sorted(self.tables.items()):
            rows = [
                f"{name} {{ {row} : {value} }}"
                for name, found in sorted(sets.items())
                for row, value in sorted(found.items())
            ]
            parts.append("\n".join([str(key), str(table), *rows]))
        return "\n".join(parts)

    def _apply(self, change: Change) -> None:
        if isinstance(change, ReplaceTable):
            table = change.table
            sets: dict[str, dict[str, str]] = {found.name: {} for found in table.sets}
            self.tables[table.family, table.name] = (table, sets)
            for name, rows in table.elements.items():
                self._add(AddElements(table.family, table.name, name, rows))
        elif isinstance(change, DeleteTable):
            self.tables.pop((change.family, change.name), None)
        elif isinstance(change, AddElements):
            self._add(change)
        else:
            self._delete(change)

    def _add(self, change: AddElements) -> None:
        rows = self._rows(change)
        for key, value in change.elements.items():
            bare = _COMMENT.sub("", key)
            if rows.setdefault(bare, value) != value:
                raise NftError(f"element {bare} of {change.set_name} exists with another value")

    def _delete(self, change: DeleteElements) -> None:
        rows = self._rows(change)
        for key in change.keys:
            if rows.pop(key, None) is None:
                raise NftError(f"no element {key} in {change.set_name}")

    def _rows(self, change: AddElements | DeleteElements) -> dict[str, str]:
        found = self.tables.get((change.family, change.table))
        if found is None or change.set_name not in found[1]:
            raise NftError(f"no set {change.set_name} in table {change.family} {change.table}")
        return found[1][change.set_name]


def _check(table: Table, sets: dict[str, dict[str, str]]) -> None:
    chains = {chain.name for chain in table.chains}
    texts = [rule for chain in table.chains for rule in chain.rules]
    texts += [value for rows in sets.values() for value in rows.values() if value.startswith(("goto", "jump"))]
    for text in texts:
        for target in _TARGET.findall(text):
            if target.rstrip(",;}") not in chains:
                raise NftError(f"no chain {target} in table {table.family} {table.name}")
        for name in _SET.findall(text):
            if name not in sets:
                raise NftError(f"no set {name} in table {table.family} {table.name}")

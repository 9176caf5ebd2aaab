"""An nftables that says no, for tests: it refuses what the kernel refuses, and keeps nothing of what it refused."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from node_agent.nft.kernel import NftError, NftTooLarge
from node_agent.nft.objects import Chain, Family, Set, Table
from node_agent.nft.transaction import (
    AddElements,
    Change,
    DeleteElements,
    DeleteTable,
    PutChains,
    RefillTable,
    ReplaceTable,
    Transaction,
)

TableKey = tuple[Family, str]
_TARGET = re.compile(r"\b(?:goto|jump) ([\w-]+)")
_SET = re.compile(r"@([\w-]+)")
_COMMENT = re.compile(r' comment "[^"]*"')


@dataclass(frozen=True)
class Held:
    """A table's chains and sets by name, and the elements of its sets."""

    family: Family
    name: str
    chains: dict[str, Chain] = field(default_factory=dict)
    declared: dict[str, Set] = field(default_factory=dict)
    sets: dict[str, dict[str, str]] = field(default_factory=dict)

    def copy(self) -> "Held":
        rows = {name: dict(rows) for name, rows in self.sets.items()}
        return Held(self.family, self.name, dict(self.chains), dict(self.declared), rows)

    def put(self, chains: Iterable[Chain]) -> None:
        for chain in chains:
            old = self.chains.get(chain.name)
            if old is not None and old.hook != chain.hook:
                raise NftError(f"chain {chain.name} has another hook in table {self.family} {self.name}")
            self.chains[chain.name] = chain

    def declare(self, found: Set) -> None:
        if self.declared.setdefault(found.name, found) != found:
            raise NftError(f"set {found.name} is of another kind in table {self.family} {self.name}")
        self.sets.setdefault(found.name, {})

    def empty(self, change: RefillTable) -> None:
        self.chains.update({name: replace(chain, rules=()) for name, chain in self.chains.items()})
        for found in change.table.sets:
            if found.name in self.sets and found.name not in change.kept:
                self.sets[found.name] = {}


class FakeNft:
    """Tables in memory, and the transactions that made them.

    `refusals`: so many of the next transactions fail. `limit`: the characters that one may have.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._limit = limit
        self.tables: dict[TableKey, Held] = {}
        self.transactions: list[Transaction] = []
        self.refusals = 0

    def run(self, transaction: Transaction) -> None:
        if self.refusals:
            self.refusals -= 1
            raise NftError("refused, as was asked for")
        if self._limit is not None and len(transaction.text()) > self._limit:
            raise NftTooLarge("message too long")
        before, self.tables = self.tables, {key: held.copy() for key, held in self.tables.items()}
        try:
            for change in transaction.changes:
                self._apply(change)
            for held in self.tables.values():
                _check_references(held)
        except NftError:
            self.tables = before
            raise
        self.transactions.append(transaction)

    def elements(self, family: Family, table: str, set_name: str) -> list[Any]:
        held = self.tables.get((family, table))
        return [[key, value] for key, value in held.sets.get(set_name, {}).items()] if held else []

    def dump(self) -> str:
        """Everything, in an order that does not depend on how it came about."""
        parts: list[str] = []
        for (family, name), held in sorted(self.tables.items()):
            parts.append(f"table {family} {name}\n")
            parts += [str(held.declared[name]) for name in sorted(held.declared)]
            parts += [str(held.chains[name]) for name in sorted(held.chains)]
            for set_name, rows in sorted(held.sets.items()):
                parts += [f"{set_name} {{ {f'{key} : {rows[key]}' if rows[key] else key} }}\n" for key in sorted(rows)]
        return "".join(parts)

    def _apply(self, change: Change) -> None:
        if isinstance(change, ReplaceTable):
            self._fill(change.table, Held(change.table.family, change.table.name))
        elif isinstance(change, RefillTable):
            table = change.table
            held = self.tables.get((table.family, table.name)) or Held(table.family, table.name)
            held.empty(change)
            self._fill(table, held)
        elif isinstance(change, DeleteTable):
            self.tables.pop((change.family, change.name), None)
        elif isinstance(change, PutChains):
            self._table(change.family, change.table).put(change.chains)
        elif isinstance(change, AddElements):
            self._add(change)
        else:
            self._delete(change)

    def _fill(self, table: Table, held: Held) -> None:
        self.tables[table.family, table.name] = held
        for found in table.sets:
            held.declare(found)
        held.put(table.chains)
        for name, rows in table.elements.items():
            self._add(AddElements(table.family, table.name, name, rows))

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
        sets = self._table(change.family, change.table).sets
        if change.set_name not in sets:
            raise NftError(f"no set {change.set_name} in table {change.family} {change.table}")
        return sets[change.set_name]

    def _table(self, family: Family, name: str) -> Held:
        if (family, name) not in self.tables:
            raise NftError(f"no table {family} {name}")
        return self.tables[family, name]


def _check_references(held: Held) -> None:
    texts = [rule for chain in held.chains.values() for rule in chain.rules]
    verdicts = [
        value
        for found in held.declared.values()
        if found.value == "verdict"
        for value in held.sets[found.name].values()
    ]
    for text in (*texts, *verdicts):
        for target in _TARGET.findall(text):
            if target not in held.chains:
                raise NftError(f"no chain {target} in table {held.family} {held.name}")
        for name in _SET.findall(text):
            if name not in held.sets:
                raise NftError(f"no set {name} in table {held.family} {held.name}")

"""A list of changes that the kernel makes all together or not at all."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from node_agent.nft.objects import Chain, Elements, Family, Table, element

ELEMENTS_A_COMMAND = 5000  # one command is one piece of nft's memory: larger ones are no faster


@dataclass(frozen=True)
class ReplaceTable:
    """The table is exactly this one afterwards, whatever it was.

    Its hooks are new ones: a packet that is just passing may see neither the old nor the new (see RefillTable).
    """

    table: Table

    def text(self) -> Iterator[str]:
        name = f"{self.table.family} {self.table.name}"
        yield f"add table {name}\ndelete table {name}\n{self.table}"
        yield from _fill(self.table)


@dataclass(frozen=True)
class RefillTable:
    """The rules and elements are exactly these afterwards, in the chains and sets that are there, if any.

    No packet ever misses the table, and `kept` sets keep their elements, such as those that packets made. It fails
    where a set or a hook of the same name is of another kind. Chains and sets of other names stay, the chains empty.
    """

    table: Table
    kept: tuple[str, ...] = ()

    def text(self) -> Iterator[str]:
        table = self.table
        name = f"{table.family} {table.name}"
        yield str(replace(table, chains=tuple(replace(chain, rules=()) for chain in table.chains)))
        yield f"flush table {name}\n"
        yield from (f"flush {found.kind} {name} {found.name}\n" for found in table.sets if found.name not in self.kept)
        yield str(replace(table, sets=()))
        yield from _fill(table)


@dataclass(frozen=True)
class DeleteTable:
    """Deletes a table, if it is there."""

    family: Family
    name: str

    def text(self) -> Iterator[str]:
        yield f"add table {self.family} {self.name}\ndelete table {self.family} {self.name}\n"


@dataclass(frozen=True)
class PutChains:
    """The chains have exactly these rules afterwards, whether they were there or not."""

    family: Family
    table: str
    chains: tuple[Chain, ...]

    def text(self) -> Iterator[str]:
        for chain in self.chains:
            name = f"{self.family} {self.table} {chain.name}"
            yield f"add chain {name}\nflush chain {name}\n"
        yield str(Table(self.family, self.table, chains=self.chains))  # "add chain" with rules finds no sets in 1.0.6


@dataclass(frozen=True)
class AddElements:
    """Adds elements. One that is there with another value makes the transaction fail: delete it in the same one."""

    family: Family
    table: str
    set_name: str
    elements: Elements

    def text(self) -> Iterator[str]:
        rows = (element(key, value) for key, value in self.elements.items())
        yield from _commands(f"add element {self.family} {self.table} {self.set_name}", rows)


@dataclass(frozen=True)
class DeleteElements:
    """Deletes elements by key. One that is not there makes the transaction fail."""

    family: Family
    table: str
    set_name: str
    keys: tuple[str, ...]

    def text(self) -> Iterator[str]:
        yield from _commands(f"delete element {self.family} {self.table} {self.set_name}", iter(self.keys))


Change = ReplaceTable | RefillTable | DeleteTable | PutChains | AddElements | DeleteElements


@dataclass
class Transaction:
    """Changes in order."""

    changes: list[Change] = field(default_factory=list)

    def add(self, *changes: Change) -> "Transaction":
        self.changes.extend(changes)
        return self

    def __bool__(self) -> bool:
        return bool(self.changes)

    def text(self) -> str:
        """As nft reads it."""
        return "".join(piece for change in self.changes for piece in change.text())


def _fill(table: Table) -> Iterator[str]:
    for set_name, elements in table.elements.items():
        yield from AddElements(table.family, table.name, set_name, elements).text()


def _commands(prefix: str, rows: Iterator[str]) -> Iterator[str]:
    while piece := ", ".join(_take(rows)):
        yield f"{prefix} {{ {piece} }}\n"


def _take(rows: Iterator[str]) -> Iterable[str]:
    return islice(rows, ELEMENTS_A_COMMAND)

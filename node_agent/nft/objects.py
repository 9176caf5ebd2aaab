"""The objects of a table, in nft's words (nft(8)); each prints itself as nft reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Family = Literal["ip", "ip6", "inet"]
Elements = Mapping[str, str]  # key text -> value text ("" in a set), such as "10.96.0.1 . tcp . 80" -> "goto lb-3"


@dataclass(frozen=True)
class Hook:
    """Where a base chain hangs; lower priorities come first."""

    type: Literal["filter", "nat", "route"]
    hook: Literal["prerouting", "input", "forward", "output", "postrouting"]
    priority: int

    def __str__(self) -> str:
        return f"type {self.type} hook {self.hook} priority {self.priority};"


@dataclass(frozen=True)
class Chain:
    """Rules in order; `hook` is None for a chain that others jump to."""

    name: str
    rules: tuple[str, ...]
    hook: Hook | None = None

    def __str__(self) -> str:
        lines = [str(self.hook), *self.rules] if self.hook else self.rules
        return f"chain {self.name} {{\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


@dataclass(frozen=True)
class Set:
    """A set, or with `value` a map. `key` and `value` are nft types: "ipv4_addr . inet_proto", or after "typeof "."""

    name: str
    key: str
    value: str = ""
    flags: tuple[str, ...] = ()
    size: int = 0
    timeout: str = ""

    @property
    def kind(self) -> str:
        return "map" if self.value else "set"

    def __str__(self) -> str:
        word = "" if self.key.startswith("typeof ") else "type "
        lines = [f"{word}{self.key}" + (f" : {self.value}" if self.value else "")]
        if self.flags:
            lines.append("flags " + ",".join(self.flags))
        if self.timeout:
            lines.append(f"timeout {self.timeout}")
        if self.size:
            lines.append(f"size {self.size}")
        body = "".join(f"  {line};\n" for line in lines)
        return f"{self.kind} {self.name} {{\n{body}}}\n"


@dataclass(frozen=True)
class Table:
    """A whole table: its chains, its sets and maps, and their elements by the set's name."""

    family: Family
    name: str
    sets: tuple[Set, ...] = ()
    chains: tuple[Chain, ...] = ()
    elements: Mapping[str, Elements] = field(default_factory=dict)

    def __str__(self) -> str:
        """Without the elements."""
        return f"table {self.family} {self.name} {{\n{''.join(map(str, (*self.sets, *self.chains)))}}}\n"


def element(key: str, value: str) -> str:
    """One element in a list of them. A comment stands in the key's text: `10.96.0.1 . tcp . 80 comment "x" : drop`."""
    return f"{key} : {value}" if value else key

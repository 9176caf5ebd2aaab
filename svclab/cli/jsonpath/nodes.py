"""The parts of a parsed template."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Text:
    """Text outside of braces, or a quoted string in them."""

    text: str


@dataclass(frozen=True)
class Field:
    name: str


@dataclass(frozen=True)
class Itself:
    """A lone `.`: the current value."""


@dataclass(frozen=True)
class Wildcard:
    """`*`: every item of a list or value of an object."""


@dataclass(frozen=True)
class Recursive:
    """`..`: the value and all below it."""


@dataclass(frozen=True)
class Slice:
    """`[start:end:step]`; an index is `single`."""

    start: int | None
    end: int | None = None
    step: int = 1
    single: bool = False


@dataclass(frozen=True)
class Union:
    """`['a','b']` or `[0,2]`: what each path finds, in turn."""

    paths: "tuple[Path, ...]"


@dataclass(frozen=True)
class Filter:
    """`[?(left op right)]`; op "" asks whether left is there."""

    left: "Operand"
    op: str = ""
    right: "Operand" = ""


@dataclass(frozen=True)
class Path:
    """Steps from the current value."""

    steps: "tuple[Step, ...]"


@dataclass(frozen=True)
class Range:
    """`{range path}body{end}`: the body once for each value that the path finds."""

    path: Path
    body: "Template"


Step: TypeAlias = Field | Itself | Wildcard | Recursive | Slice | Union | Filter
Operand: TypeAlias = Path | str | int | float | bool
Node: TypeAlias = Text | Path | Range
Template: TypeAlias = tuple[Node, ...]

"""Objects as rows of text, in kubectl's columns and spacing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

NONE = "<none>"
UNKNOWN = "<unknown>"
UNSET = "<unset>"

_MIN_WIDTH = 6
_PADDING = 3


@dataclass(frozen=True)
class View:
    """How objects are looked at: `now` in seconds since 1970 for ages, `wide` for `-o wide`."""

    now: float
    wide: bool = False


Cell = Callable[[Any, View], str]


@dataclass(frozen=True)
class Column:
    """One column: its header, how to get its cell, and whether only `-o wide` shows it."""

    header: str
    cell: Cell
    wide: bool = False


@dataclass
class TableWriter:
    """Aligns rows to each other; columns never get narrower, so that the rows of a watch stay below each other."""

    columns: Sequence[Column]
    headers: bool = True
    _widths: list[int] = field(default_factory=list)

    def text(self, objects: Sequence[Any], view: View) -> str:
        """The lines for these objects, below the header the first time."""
        columns = [column for column in self.columns if view.wide or not column.wide]
        rows = [[visible(column.cell(item, view)) for column in columns] for item in objects]
        if self.headers:
            rows.insert(0, [column.header for column in columns])
            self.headers = False
        return self.align(rows)

    def align(self, rows: Sequence[Sequence[str]]) -> str:
        """Rows of cells as lines; the last cell of a row is not padded."""
        for row in rows:
            widths = [max(len(cell) + _PADDING, _MIN_WIDTH) for cell in row[:-1]]
            self._widths = [max(pair) for pair in zip(widths, self._widths or widths, strict=True)]
        return "".join(
            "".join(cell.ljust(width) for cell, width in zip(row, self._widths, strict=False)) + row[-1] + "\n"
            for row in rows
        )


def visible(text: str, allowed: str = "") -> str:
    """Control characters made visible, all but the allowed ones: they must not move the reader's cursor."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in allowed else repr(char)[1:-1] for char in text)

"""Elastic tabstops, as Go's text/tabwriter sets them: what `describe` output is laid out with."""

from collections.abc import Sequence
from itertools import groupby


def align(text: str, padding: int = 2) -> str:
    """Pads the tab-terminated cells of consecutive lines to one width per column.

    A line with fewer cells ends a column block; the text after a line's last tab takes no part.
    """
    lines = [line.split("\t") for line in text.split("\n")]
    widths: list[list[int]] = [[] for _ in lines]
    for column in range(max(len(cells) for cells in lines) - 1):
        for has_column, block in groupby(range(len(lines)), lambda at: len(lines[at]) - 1 > column):  # noqa: B023
            if has_column:
                _set_widths(lines, widths, list(block), column, padding)
    return "\n".join(
        "".join(cell.ljust(width) for cell, width in zip(cells, widths[at], strict=False)) + cells[-1]
        for at, cells in enumerate(lines)
    )


def _set_widths(
    lines: Sequence[list[str]], widths: Sequence[list[int]], block: Sequence[int], column: int, padding: int
) -> None:
    width = max(len(lines[at][column]) for at in block) + padding
    for at in block:
        widths[at].append(width)

"""One document of a file: its value and where each part of it stands."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Document:
    """`lines` maps the path of a field (`spec.ports[0].port`) to its line; `duplicates` are paths of repeated keys."""

    value: Any
    number: int  # counted from 1, among the documents of the file
    line: int  # where it begins, counted from 1; 0: not known
    lines: dict[str, int] = field(default_factory=dict)
    duplicates: tuple[str, ...] = ()

    def line_of(self, path: str) -> int:
        """The line of a field, else of the closest field around it."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.line


class Malformed(ValueError):
    """Text that is no YAML or JSON. `line` is 0 where it is not known."""

    def __init__(self, text: str, document: int, line: int) -> None:
        super().__init__(text)
        self.document = document
        self.line = line


def child(path: str, key: str) -> str:
    """The path of a key below `path`."""
    return f"{path}.{key}" if path else key

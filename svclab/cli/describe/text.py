"""Lines of `Name:  value`, aligned when they are complete."""

from collections.abc import Iterable, Mapping
from typing import Any

from svclab.cli.last_applied import ANNOTATION
from svclab.cli.tables import NONE, visible
from svclab.cli.tabwriter import align

_INDENT = "  "
_MAX_ANNOTATION = 140  # characters; a longer one gets lines of its own


class Text:
    """A description that grows line by line; a tab ends a cell."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def line(self, text: str, level: int = 0) -> None:
        self._lines.append(_INDENT * level + visible(text, allowed="\t\n"))

    def field(self, name: str, value: Any, level: int = 0) -> None:
        self.line(f"{name}:\t{value}", level)

    def fields(self, name: str, values: Iterable[str], level: int = 0) -> None:
        """One name with a value on each line; `<none>` without values."""
        found = list(values) or [NONE]
        self.field(name, found[0], level)
        for value in found[1:]:
            self.line(f"\t{value}", level)

    def labels(self, name: str, labels: Mapping[str, str], level: int = 0) -> None:
        self.fields(name, (f"{key}={labels[key]}" for key in sorted(labels)), level)

    def head(self, obj: Any, *, namespaced: bool = True) -> None:
        """The lines that begin most descriptions."""
        self.field("Name", obj.metadata.name)
        if namespaced:
            self.field("Namespace", obj.metadata.namespace)
        self.labels("Labels", obj.metadata.labels)
        self.annotations(obj.metadata.annotations)

    def annotations(self, annotations: Mapping[str, str]) -> None:
        self.fields("Annotations", _annotation_lines(annotations))

    def finish(self) -> str:
        return align("\n".join(self._lines)) + "\n"


def _annotation_lines(annotations: Mapping[str, str]) -> Iterable[str]:
    for key in sorted(annotations):
        if key == ANNOTATION:
            continue
        value = annotations[key].removesuffix("\n")
        if len(key) + len(value) + 2 <= _MAX_ANNOTATION and "\n" not in value:
            yield f"{key}: {value}"
            continue
        yield f"{key}:"
        for line in value.split("\n"):
            yield f"  {line if len(line) <= _MAX_ANNOTATION - 2 else line[: _MAX_ANNOTATION - 5] + '...'}"

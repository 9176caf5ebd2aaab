"""The tables of `get`: kinds side by side, namespaces, labels and changes as columns of their own."""

import time
from collections.abc import Sequence
from typing import Any

from protos.kinds import Kind
from svclab.cli.printers import columns
from svclab.cli.printers.cells import LABELS, NAMESPACE, label_header, label_value
from svclab.cli.tables import Column, TableWriter, View


class Tables:
    """Turns objects into kubectl's tables; a kind that comes again goes on below its first header."""

    def __init__(
        self,
        *,
        wide: bool,
        headers: bool,
        show_kind: bool,
        show_namespace: bool,
        label_columns: Sequence[str],
        show_labels: bool,
    ) -> None:
        self.wide = wide
        self.headers = headers
        self.show_kind = show_kind
        self.show_namespace = show_namespace
        self.extra = [Column(label_header(key), label_value(key)) for key in label_columns]
        self.extra += [LABELS] if show_labels else []
        self.writers: dict[str, TableWriter] = {}

    def text(self, kind: Kind, objects: Sequence[Any], *, event: str = "") -> str:
        """The rows of objects of one kind; `event` fills the first column of --output-watch-events."""
        writer = self.writers.get(kind.resource)
        if writer is None:
            writer = self.writers[kind.resource] = TableWriter(self._columns(kind), self.headers)
        view = View(time.time(), self.wide)
        if not event:
            return writer.text(objects, view)
        return writer.text([(event, item) for item in objects], view)

    def _columns(self, kind: Kind) -> list[Column]:
        found = [self._with_kind(kind, column) for column in columns(kind)]
        first = [NAMESPACE] if self.show_namespace and kind.namespaced else []
        return [*first, *found, *self.extra]

    def _with_kind(self, kind: Kind, column: Column) -> Column:
        if not self.show_kind or column.header != "NAME":
            return column
        return Column("NAME", lambda obj, view: f"{kind.qualified}/{column.cell(obj, view)}", column.wide)


class EventTables(Tables):
    """Rows with the type of the change before them."""

    def _columns(self, kind: Kind) -> list[Column]:
        inner = [Column(column.header, _of_object(column), column.wide) for column in super()._columns(kind)]
        return [Column("EVENT", lambda pair, view: f"{pair[0]:<8}"), *inner]


def _of_object(column: Column) -> Any:
    return lambda pair, view: column.cell(pair[1], view)

"""`get --watch`: shows objects as they change."""

import sys
from collections.abc import Sequence
from typing import Any

from protos.kinds import Kind
from svclab.cli.errors import BadUsage
from svclab.cli.fetching import Following, fetch
from svclab.cli.listing import Tables
from svclab.cli.output import Output
from svclab.cli.selection import Selection


def watch(selection: Selection, form: Output, tables: Tables, *, initial: bool, with_events: bool) -> None:
    """Prints the objects as they are, if `initial`, and then as they change. Raises CliError, ApiError."""
    if len(selection.requests) != 1:
        raise BadUsage("you may only specify a single resource type, or a single object, with --watch")
    request = selection.requests[0]
    found = fetch(selection)
    for error in found.errors:
        raise error
    show = _EventPrinter(request.kind, form, tables, with_events)
    if initial:
        show.print("ADDED", found.objects)
    following = Following(request, selection.label_selector, selection.field_selector)
    for event in following.events(found.resource_version):
        show.print(event.type, [event.object])


class _EventPrinter:
    """Prints objects as they change."""

    def __init__(self, kind: Kind, form: Output, tables: Tables, with_events: bool) -> None:
        self.kind = kind
        self.form = form
        self.tables = tables
        self.with_events = with_events

    def print(self, event_type: str, objects: Sequence[Any]) -> None:
        if not objects:
            return
        if self.form.is_table:
            text = self.tables.text(self.kind, objects, event=event_type if self.with_events else "")
        elif self.with_events and self.form.format in ("json", "yaml"):
            text = "".join(self.form.event_text(event_type, item) for item in objects)
        else:
            text = "".join(self.form.watch_text(item) for item in objects)
        sys.stdout.write(text)
        sys.stdout.flush()

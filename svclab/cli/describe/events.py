"""The block of events at the end of a description."""

from collections.abc import Iterable
from typing import Any

from svclab.cli.describe.text import Text
from svclab.cli.printers.events import interval, last_moment, message, source
from svclab.cli.tables import NONE, View


def in_order(events: Iterable[Any]) -> list[Any]:
    """The oldest first, by when each was seen last."""
    return sorted(events, key=lambda event: (last_moment(event).seconds, last_moment(event).nanos))


def write_events(text: Text, events: Iterable[Any], view: View) -> None:
    """`Events:` and a row for each, or `<none>`."""
    ordered = in_order(events)
    if not ordered:
        text.field("Events", NONE)
        return
    text.line("Events:")
    text.line("Type\tReason\tAge\tFrom\tMessage", 1)
    text.line("----\t------\t----\t----\t-------", 1)
    for event in ordered:
        cells = (event.type, event.reason, interval(event, view), source(event), message(event, view))
        text.line("\t".join(cell.replace("\n", " ") for cell in cells), 1)

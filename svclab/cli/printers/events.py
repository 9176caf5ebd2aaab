"""`get events`, and the cells that `events` and `describe` share with it."""

from typing import Any

from svclab.cli.printers.cells import NAME, since
from svclab.cli.tables import Column, View


def last_moment(event: Any) -> Any:
    """When the event was seen last: a Time or a MicroTime."""
    if event.HasField("series"):
        return event.series.lastObservedTime
    return event.lastTimestamp if event.lastTimestamp.seconds else first_moment(event)


def first_moment(event: Any) -> Any:
    """When the event was seen first."""
    return event.firstTimestamp if event.firstTimestamp.seconds else event.eventTime


def occurrences(event: Any) -> int:
    """How often the event was seen."""
    return int(event.series.count if event.HasField("series") else event.count) or 1


def interval(event: Any, view: View) -> str:
    """`3m`, or `3m (x4 over 10m)` for a repeated event."""
    first = since(first_moment(event), view)
    if occurrences(event) > 1:
        return f"{since(last_moment(event), view)} (x{occurrences(event)} over {first})"
    return first


def involved(event: Any, view: View) -> str:
    """`pod/web`."""
    target = event.involvedObject
    return f"{target.kind.lower()}/{target.name}" if target.name else str(target.kind.lower())


def message(event: Any, view: View) -> str:
    return str(event.message).strip()


def event_type(event: Any, view: View) -> str:
    return str(event.type)


def reason(event: Any, view: View) -> str:
    return str(event.reason)


def source(event: Any) -> str:
    """The component that reported the event."""
    return str(event.source.component or event.reportingComponent)


def _source(event: Any, view: View) -> str:
    host = event.source.host or event.reportingInstance
    return f"{source(event)}, {host}" if host else source(event)


def _last_seen(event: Any, view: View) -> str:
    return since(last_moment(event), view)


def _first_seen(event: Any, view: View) -> str:
    return since(first_moment(event), view)


def _subobject(event: Any, view: View) -> str:
    return str(event.involvedObject.fieldPath)


def _count(event: Any, view: View) -> str:
    return str(occurrences(event))


COLUMNS = (
    Column("LAST SEEN", _last_seen),
    Column("TYPE", event_type),
    Column("REASON", reason),
    Column("OBJECT", involved),
    Column("SUBOBJECT", _subobject, wide=True),
    Column("SOURCE", _source, wide=True),
    Column("MESSAGE", message),
    Column("FIRST SEEN", _first_seen, wide=True),
    Column("COUNT", _count, wide=True),
    Column(NAME.header, NAME.cell, wide=True),
)

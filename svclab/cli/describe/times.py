"""Instants as descriptions print them (Go's RFC1123Z)."""

from datetime import UTC, datetime
from typing import Any

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def rfc1123(moment: Any) -> str:
    """`Mon, 02 Jan 2006 15:04:05 +0000` of a Time or MicroTime, in UTC; `<unset>` if it is unset."""
    if not moment.seconds:
        return "<unset>"
    at = datetime.fromtimestamp(moment.seconds, UTC)
    return f"{_DAYS[at.weekday()]}, {at:%d} {_MONTHS[at.month - 1]} {at:%Y %H:%M:%S} +0000"

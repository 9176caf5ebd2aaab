"""Instants and durations: seconds as Python has them, the messages Time, MicroTime and Duration, and their texts."""

import re
from datetime import UTC, datetime, timedelta

from protos.kubernetes.meta_pb2 import Duration, MicroTime, Time

_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNIT_NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_DURATION_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")


def time(seconds: float) -> Time:
    """The Time of so many seconds since 1970, whole seconds as Kubernetes keeps them."""
    return Time(seconds=int(seconds // 1))


def micro_time(seconds: float) -> MicroTime:
    """The MicroTime of so many seconds since 1970."""
    microseconds = round(seconds * 1_000_000)
    return MicroTime(seconds=microseconds // 1_000_000, nanos=microseconds % 1_000_000 * 1000)


def seconds(moment: Time | MicroTime) -> float:
    """Seconds since 1970."""
    return moment.seconds + moment.nanos / 1e9


def format_time(moment: Time) -> str:
    """`2006-01-02T15:04:05Z`."""
    return (_EPOCH + timedelta(seconds=moment.seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_micro_time(moment: MicroTime) -> str:
    """`2006-01-02T15:04:05.000000Z`."""
    instant = _EPOCH + timedelta(seconds=moment.seconds, microseconds=moment.nanos // 1000)
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def format_nanoseconds(total: int) -> str:
    """An instant with nanoseconds, as Go's RFC3339Nano writes it: trailing zeros of the fraction are left out."""
    whole, nanos = divmod(total, 10**9)
    fraction = f".{nanos:09d}".rstrip("0") if nanos else ""
    return format_time(Time(seconds=whole))[:-1] + fraction + "Z"


def parse_time(text: str) -> Time:
    """The Time of an RFC 3339 text; its fraction is dropped, as Kubernetes does. Raises ValueError."""
    return Time(seconds=_parse(text)[0])


def parse_micro_time(text: str) -> MicroTime:
    """The MicroTime of an RFC 3339 text. Raises ValueError."""
    whole, nanos = _parse(text)
    return MicroTime(seconds=whole, nanos=nanos // 1000 * 1000)


def _parse(text: str) -> tuple[int, int]:
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": it is not an RFC 3339 time')
    date, clock, fraction, zone = match.groups()
    try:
        instant = datetime.fromisoformat(f"{date}T{clock}{'+00:00' if zone in 'Zz' else zone}")
    except ValueError as error:
        raise ValueError(f'parsing time "{text}": {error}') from None
    return (instant - _EPOCH) // timedelta(seconds=1), int((fraction or "0").ljust(9, "0"))


def format_duration(duration: Duration) -> str:
    """Go's form: `1h2m3.5s`, `250ms`, `0s`."""
    total = abs(duration.duration)
    sign = "-" if duration.duration < 0 else ""
    if total == 0:
        return "0s"
    if total < 10**9:
        unit, size = next((unit, size) for unit, size in (("ms", 10**6), ("µs", 1000), ("ns", 1)) if total >= size)
        return sign + _decimal(total, size) + unit
    minutes, rest = divmod(total, 60 * 10**9)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{sign}{head}{_decimal(rest, 10**9)}s"


def _decimal(total: int, size: int) -> str:
    whole, rest = divmod(total, size)
    fraction = str(rest).zfill(len(str(size)) - 1).rstrip("0")
    return f"{whole}.{fraction}" if fraction else str(whole)


def parse_duration(text: str) -> Duration:
    """The Duration of Go's form, `1m30s`. Raises ValueError with Go's text."""
    sign, body = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if body == "0":
        return Duration()
    parts = _DURATION_PART.findall(body)
    if not parts or "".join(number + unit for number, unit in parts) != body:
        raise ValueError(f'time: invalid duration "{text}"')
    total = sum(_nanoseconds(number) * _UNIT_NANOSECONDS[unit] // 10**9 for number, unit in parts)
    return Duration(duration=sign * total)


def _nanoseconds(number: str) -> int:
    """A decimal times 10^9, exactly."""
    whole, _, fraction = number.partition(".")
    return int(whole or "0") * 10**9 + int(fraction[:9].ljust(9, "0"))

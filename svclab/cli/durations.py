"""Durations as people write and read them: `1m30s` in, `5m12s` or `3d4h` out."""

import re
from typing import Any

import click

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ms|us|ns|h|m|s)")


def parse_duration(text: str) -> float:
    """Seconds, from Go's form (`1h2m3.5s`, `-1s`) or a plain number of seconds. Raises ValueError."""
    sign, body = (-1.0, text[1:]) if text.startswith("-") else (1.0, text)
    if re.fullmatch(r"\d+(\.\d*)?", body):
        return sign * float(body)
    if not body or _PART.sub("", body):
        raise ValueError(f'invalid duration "{text}": must be such as 30s, 1m30s or 2h')
    return sign * sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(body))


def human_duration(seconds: float) -> str:
    """A duration in at most two units, in the steps of Kubernetes' duration.HumanDuration."""
    if seconds < -1:
        return "<invalid>"
    whole = max(int(seconds), 0)
    if whole < 120:
        return f"{whole}s"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if minutes < 10:
        return _two(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 24 * 8:
        return _two(days, "d", hours % 24, "h")
    if days < 365 * 2:
        return f"{days}d"
    if days < 365 * 8:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"


class Duration(click.ParamType[float]):
    """Go's durations (1m30s) or plain seconds, as seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            return value if isinstance(value, float) else parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)

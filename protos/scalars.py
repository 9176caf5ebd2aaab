"""Messages whose JSON is one value: Time, MicroTime, Duration, IntOrString, Quantity, RawExtension, FieldsV1."""

import json
from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message

from protos import quantities, timestamps
from protos.kubernetes import meta_pb2 as meta


def write_time(value: meta.Time) -> str | None:
    """RFC 3339 in whole seconds; None where it is unset."""
    return timestamps.format_time(value) if value.seconds or value.nanos else None


def write_micro_time(value: meta.MicroTime) -> str | None:
    """RFC 3339 with six decimals; None where it is unset."""
    return timestamps.format_micro_time(value) if value.seconds or value.nanos else None


def write_int_or_string(value: meta.IntOrString) -> int | str:
    """The number or the string itself."""
    return value.strVal if value.type else value.intVal


def write_quantity(value: meta.Quantity) -> str:
    """Its string; an unset one is 0."""
    return value.string or "0"


def read_time(value: Any) -> meta.Time:
    """Raises ValueError for anything but an RFC 3339 text or "", which is unset."""
    return timestamps.parse_time(_text(value)) if value != "" else meta.Time()


def read_micro_time(value: Any) -> meta.MicroTime:
    """Raises ValueError for anything but an RFC 3339 text or "", which is unset."""
    return timestamps.parse_micro_time(_text(value)) if value != "" else meta.MicroTime()


def read_duration(value: Any) -> meta.Duration:
    """Raises ValueError for anything but Go's form, `1m30s`."""
    return timestamps.parse_duration(_text(value))


def read_int_or_string(value: Any) -> meta.IntOrString:
    """A number or a string. Raises ValueError for anything else, or a number beyond 32 bits."""
    if isinstance(value, str):
        return meta.IntOrString(type=1, strVal=value)
    if isinstance(value, int) and not isinstance(value, bool):
        return meta.IntOrString(intVal=value)
    raise ValueError(f"expected a number or a string, got {shown(value)}")


def read_quantity(value: Any) -> meta.Quantity:
    """A quantity in canonical form; a plain number is one too. Raises ValueError."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = repr(value)
    return meta.Quantity(string=quantities.canonical(_text(value)))


def read_raw(value: Any) -> meta.RawExtension:
    """Any JSON value, kept as its text."""
    return meta.RawExtension(raw=_compact(value))


def read_fields(value: Any) -> meta.FieldsV1:
    """A set of fields, kept as JSON text."""
    return meta.FieldsV1(Raw=_compact(value))


def shown(value: Any) -> str:
    """A JSON value as an error names it: its type, and the value where it is short."""
    names = {str: "the string", bool: "the boolean", int: "the number", float: "the number"}
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return f"{names[type(value)]} {json.dumps(value)[:60]}" if type(value) in names else "null"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected a string, got {shown(value)}")
    return value


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


WRITERS: dict[str, Callable[[Any], Any]] = {
    "k8s.meta.v1.Time": write_time,
    "k8s.meta.v1.MicroTime": write_micro_time,
    "k8s.meta.v1.Duration": timestamps.format_duration,
    "k8s.meta.v1.IntOrString": write_int_or_string,
    "k8s.meta.v1.Quantity": write_quantity,
    "k8s.meta.v1.RawExtension": lambda value: json.loads(value.raw) if value.raw else None,
    "k8s.meta.v1.FieldsV1": lambda value: json.loads(value.Raw) if value.Raw else None,
}

READERS: dict[str, Callable[[Any], Message]] = {
    "k8s.meta.v1.Time": read_time,
    "k8s.meta.v1.MicroTime": read_micro_time,
    "k8s.meta.v1.Duration": read_duration,
    "k8s.meta.v1.IntOrString": read_int_or_string,
    "k8s.meta.v1.Quantity": read_quantity,
    "k8s.meta.v1.RawExtension": read_raw,
    "k8s.meta.v1.FieldsV1": read_fields,
}

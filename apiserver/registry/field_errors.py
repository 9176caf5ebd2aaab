"""One broken rule of one field, in Kubernetes' words: `spec.ports[0].port: Invalid value: 0: must be between ...`."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from protos.jsonform import to_json
from protos.scalars import WRITERS

_TEXTS = {
    "FieldValueRequired": "Required value",
    "FieldValueInvalid": "Invalid value",
    "FieldValueNotSupported": "Unsupported value",
    "FieldValueDuplicate": "Duplicate value",
    "FieldValueForbidden": "Forbidden",
    "FieldValueTooLong": "Too long",
    "FieldValueTooMany": "Too many",
    "FieldValueNotFound": "Not found",
    "InternalError": "Internal error",
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """`reason` is the cause's reason; `value` is its text, None where the kind of error shows none."""

    path: str
    reason: str
    value: str | None
    detail: str

    @property
    def body(self) -> str:
        """All but the path."""
        parts = (_TEXTS[self.reason], self.value, self.detail)
        return ": ".join(part for part in parts if part)

    def __str__(self) -> str:
        return f"{self.path}: {self.body}" if self.path else self.body


def required(path: str, detail: str = "") -> FieldError:
    """A field that must be set and is not."""
    return FieldError(path, "FieldValueRequired", None, detail)


def invalid(path: str, value: object, detail: str) -> FieldError:
    """A value that breaks the rule `detail`; a message, a list or None is shown as JSON."""
    return FieldError(path, "FieldValueInvalid", rendered(value), detail)


def not_supported(path: str, value: object, supported: Iterable[str]) -> FieldError:
    """A value that is none of the names that the API knows."""
    values = ", ".join(json.dumps(name) for name in sorted(supported))
    return FieldError(path, "FieldValueNotSupported", rendered(value), f"supported values: {values}")


def duplicate(path: str, value: object) -> FieldError:
    """A value that stands in the list before."""
    return FieldError(path, "FieldValueDuplicate", rendered(value), "")


def forbidden(path: str, detail: str) -> FieldError:
    """A field that may not be set, or not be changed."""
    return FieldError(path, "FieldValueForbidden", None, detail)


def too_long(path: str, limit: int) -> FieldError:
    """A value of more than `limit` bytes."""
    return FieldError(path, "FieldValueTooLong", None, f"may not be more than {limit} bytes")


def too_many(path: str, count: int, limit: int) -> FieldError:
    """A list of `count` items that may have `limit`."""
    return FieldError(path, "FieldValueTooMany", str(count), f"must have at most {limit} items")


def not_found(path: str, value: object) -> FieldError:
    """A name of something that the object does not have."""
    return FieldError(path, "FieldValueNotFound", rendered(value), "")


def rendered(value: object) -> str:
    """A value as errors show it: JSON."""
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, Message):
        write: Callable[[Any], Any] = WRITERS.get(value.DESCRIPTOR.full_name, to_json)
        return write(value)
    if isinstance(value, str | int | float | dict) or value is None:
        return value
    return [_plain(item) for item in value]

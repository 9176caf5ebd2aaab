"""`describe` of kinds that have no layout of their own: every field, in order of its name."""

import re
from typing import Any

from protos.jsonform import to_json
from protos.kinds import kind_of
from svclab.cli.describe.related import Related
from svclab.cli.describe.text import Text

SHOWS_EVENTS = True

_SHOWN_ABOVE = ("name", "namespace", "labels", "annotations", "managedFields")


def describe(text: Text, obj: Any, related: Related) -> None:
    kind = kind_of(obj)
    value = to_json(obj)
    metadata = value.get("metadata") or {}
    value["metadata"] = {key: item for key, item in metadata.items() if key not in _SHOWN_ABOVE}
    text.head(obj, namespaced=kind.namespaced)
    text.field("API Version", kind.api_version)
    text.field("Kind", kind.kind)
    _fields(text, value, 0)


def _fields(text: Text, value: dict[str, Any], level: int) -> None:
    for key in sorted(value):
        _field(text, title(key), value[key], level)


def _field(text: Text, name: str, value: Any, level: int) -> None:
    if isinstance(value, dict):
        text.line(f"{name}:", level)
        _fields(text, value, level + 1)
    elif isinstance(value, list):
        text.line(f"{name}:", level)
        for item in value:
            if isinstance(item, dict):
                _fields(text, item, level + 1)
            else:
                text.line(_scalar(item), level + 1)
    else:
        text.field(name, _scalar(value), level)


def _scalar(value: Any) -> str:
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)


def title(name: str) -> str:
    """`holderIdentity` as `Holder Identity`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return spaced[:1].upper() + spaced[1:]

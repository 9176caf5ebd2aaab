"""Kubernetes' JSON form of the messages, both ways.

It is not proto3's JSON mapping: 64-bit integers are numbers, enums plain strings, instants RFC 3339, and what is
left out follows `k8s.rules` (Go's omitempty). Values are what `json` and PyYAML make: dict, list, str, int, float,
bool, None.
"""

from typing import Any, TypeVar

from google.protobuf.message import Message

from protos.jsonread import FormError, read_message
from protos.jsonwrite import write_message
from protos.kinds import BY_TYPE_META, kind_of

__all__ = ["FormError", "UnknownKind", "from_json", "from_object", "to_json", "to_object"]

M = TypeVar("M", bound=Message)


class UnknownKind(ValueError):
    """apiVersion and kind name nothing that the API serves."""


def to_json(message: Message) -> dict[str, Any]:
    """The message's fields; adds nothing. Sort the keys where text is made, as kubectl does."""
    return write_message(message)


def to_object(message: Message) -> dict[str, Any]:
    """An object with its apiVersion and kind first. Raises KeyError for a message that is no kind of the API."""
    kind = kind_of(message)
    return {"apiVersion": kind.api_version, "kind": kind.kind, **write_message(message)}


def from_json(cls: type[M], value: dict[str, Any], *, warnings: list[str] | None = None) -> M:
    """The message of a JSON object; apiVersion and kind are passed over.

    Unknown fields are left out, and named in `warnings` in Kubernetes' words: `unknown field "spec.foo"`.
    Raises FormError for a value of the wrong type.
    """
    message = cls()
    read_message(message, value, "", [] if warnings is None else warnings)
    return message


def from_object(value: dict[str, Any], *, warnings: list[str] | None = None) -> Message:
    """The object that apiVersion and kind name. Raises UnknownKind, FormError."""
    if not isinstance(value, dict):
        raise FormError("", "expected an object with apiVersion and kind")
    for name in ("apiVersion", "kind"):
        if not isinstance(value.get(name), str) or not value[name]:
            raise UnknownKind(f"Object '{name.capitalize() if name == 'kind' else name}' is missing")
    kind = BY_TYPE_META.get((value["apiVersion"], value["kind"]))
    if kind is None:
        raise UnknownKind(f'no matches for kind "{value["kind"]}" in version "{value["apiVersion"]}"')
    return from_json(kind.message, value, warnings=warnings)

"""Defaults that the API states of a field itself (`k8s.rules` default), filled in wherever its message stands."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from protos.fields import SCALAR_MESSAGES, is_map, rules_of


@dataclass(frozen=True, slots=True)
class _Plan:
    """Defaults of the message's own fields, and the fields whose messages have some, at any depth."""

    values: tuple[tuple[str, bool, Any], ...]  # name, whether presence tells unset from zero, default
    children: tuple[tuple[str, bool], ...]  # name, whether repeated


def fill_defaults(message: Message) -> None:
    """Sets every unset field below `message` that has a default; messages that are not there are not made."""
    plan = _plan(message.DESCRIPTOR)
    for name, has_presence, default in plan.values:
        if not (message.HasField(name) if has_presence else getattr(message, name)):
            setattr(message, name, default)
    for name, repeated in plan.children:
        if repeated:
            for item in getattr(message, name):
                fill_defaults(item)
        elif message.HasField(name):
            fill_defaults(getattr(message, name))


@cache
def _plan(descriptor: Descriptor) -> _Plan:
    values = tuple(
        (field.name, field.has_presence, _parse(field, rules_of(field).default))
        for field in descriptor.fields
        if rules_of(field).default
    )
    children = tuple((field.name, field.is_repeated) for field, below in _children(descriptor) if _any_default(below))
    return _Plan(values, children)


def _children(descriptor: Descriptor) -> Iterable[tuple[FieldDescriptor, Descriptor]]:
    """Fields that hold messages with fields of their own. The API's messages do not contain themselves."""
    for field in descriptor.fields:
        below = field.message_type
        if below is not None and not is_map(field) and below.full_name not in SCALAR_MESSAGES:
            yield field, below


@cache
def _any_default(descriptor: Descriptor) -> bool:
    plan = _plan(descriptor)
    return bool(plan.values or plan.children)


def _parse(field: FieldDescriptor, text: str) -> Any:
    if field.type == FieldDescriptor.TYPE_BOOL:
        return text == "true"
    return text if field.type == FieldDescriptor.TYPE_STRING else int(text)

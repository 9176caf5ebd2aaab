"""Messages to JSON values, by one plan for each message type. `jsonform` is the way in."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from protos.fields import is_map, message_class, rules_of, value_descriptor
from protos.kubernetes.options_pb2 import Omit
from protos.scalars import WRITERS

Write = Callable[[Any], Any]
_MESSAGE_WRITERS: dict[str, Write] = WRITERS


@dataclass(frozen=True, slots=True)
class _Plan:
    """How each field that is set is written, by name (None: as it is), and what stands there for one that is not."""

    writers: dict[str, Write | None]
    inlined: frozenset[str]
    absent: tuple[tuple[str, Callable[[], Any]], ...]


def write_message(message: Message) -> dict[str, Any]:
    """The message's fields as Kubernetes' JSON shows them."""
    plan = _plan(message.DESCRIPTOR)
    written: dict[str, Any] = {}
    for descriptor, value in message.ListFields():
        name = descriptor.name
        write = plan.writers[name]
        if name in plan.inlined:
            written.update(write_message(value))
        else:
            written[name] = value if write is None else write(value)
    for name, make in plan.absent:
        if name not in written:
            written[name] = make()
    return written


@cache
def _plan(descriptor: Descriptor) -> _Plan:
    inlined = frozenset(field.name for field in descriptor.fields if rules_of(field).inline)
    absent: list[tuple[str, Callable[[], Any]]] = []
    for field in descriptor.fields:
        if field.name in inlined:
            absent.extend(_plan(field.message_type).absent)
        elif (make := _absent(field)) is not None:
            absent.append((field.name, make))
    writers = {field.name: _writer(field) for field in descriptor.fields}
    return _Plan(writers, inlined, tuple(absent))


def _absent(field: FieldDescriptor) -> Callable[[], Any] | None:
    """What makes the value of a field that is not set; None where JSON leaves it out."""
    rules = rules_of(field)
    if rules.omit == Omit.ZERO or (rules.omit == Omit.EMPTY and not rules.by_value):
        return None
    if rules.by_value and field.message_type is not None:
        return _unset_writer(field.message_type)
    # A nil list, map or pointer is null; any other value is printed as its zero.
    nothing: Any = None if field.is_repeated or field.has_presence else field.default_value
    return lambda: nothing


def _unset_writer(descriptor: Descriptor) -> Callable[[], Any]:
    write = _MESSAGE_WRITERS.get(descriptor.full_name, write_message)
    unset = message_class(descriptor)()
    return partial(write, unset)


def _writer(field: FieldDescriptor) -> Write | None:
    write = _value_writer(value_descriptor(field))
    if is_map(field):
        return lambda value: {key: value[key] if write is None else write(value[key]) for key in sorted(value)}
    if field.is_repeated:
        return list if write is None else lambda value: [write(item) for item in value]
    return write


def _value_writer(field: FieldDescriptor) -> Write | None:
    if field.message_type is not None:
        write: Write = _MESSAGE_WRITERS.get(field.message_type.full_name, write_message)
        return write
    if field.type == FieldDescriptor.TYPE_BYTES:
        return lambda value: b64encode(value).decode()
    return None

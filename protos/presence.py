"""One encoding for one meaning: a message that is held by value and empty is not set.

JSON shows such a message as {} whether it is set or not, and to readers of the encoded form it is the same; only when
two encodings are compared does it make a difference.
"""

from dataclasses import dataclass
from functools import cache

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from protos.fields import is_map, rules_of


@dataclass(frozen=True, slots=True)
class _Child:
    """A field that is held by value, or that has such fields below it (`deep`)."""

    name: str
    repeated: bool
    by_value: bool
    deep: bool


def drop_empty_values(message: Message) -> None:
    """Clears every empty message that is held by value, at any depth."""
    for child in _plan(message.DESCRIPTOR):
        if child.repeated:
            for item in getattr(message, child.name):
                drop_empty_values(item)
        elif message.HasField(child.name):
            value = getattr(message, child.name)
            if child.deep:
                drop_empty_values(value)
            if child.by_value and not value.ByteSize():
                message.ClearField(child.name)


@cache
def _plan(descriptor: Descriptor) -> tuple[_Child, ...]:
    children = []
    for field in descriptor.fields:
        below = field.message_type
        if below is None or is_map(field):
            continue
        by_value, deep = rules_of(field).by_value, bool(_plan(below))
        if deep or (by_value and not field.is_repeated):
            children.append(_Child(field.name, field.is_repeated, by_value, deep))
    return tuple(children)

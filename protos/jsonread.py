"""JSON values to messages, by one plan for each message type. `jsonform` is the way in."""

import binascii
from base64 import b64decode
from collections.abc import Callable
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from protos.fields import Field, fields_of, value_descriptor
from protos.scalars import READERS, shown

# Sets one field of a message: (message, value, the value's path, warnings).
Set = Callable[[Any, Any, str, list[str]], None]


class FormError(ValueError):
    """A JSON value of the wrong type."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__(f"{path}: {text}" if path else text)
        self.path = path
        self.text = text


def read_message(message: Message, value: Any, path: str, warnings: list[str]) -> None:
    """Sets the message's fields from a JSON object at `path`. Raises FormError."""
    if not isinstance(value, dict):
        raise FormError(path, f"expected an object, got {shown(value)}")
    plan = _plan(message.DESCRIPTOR)
    for name, item in value.items():
        put = plan.get(name)
        if put is None:
            if path or name not in ("apiVersion", "kind"):
                warnings.append(f'unknown field "{path}.{name}"' if path else f'unknown field "{name}"')
        elif item is not None:
            put(message, item, f"{path}.{name}" if path else name, warnings)


@cache
def _plan(descriptor: Descriptor) -> dict[str, Set]:
    return {name: _inside(field, _setter(field)) for name, field in fields_of(descriptor).items()}


def _inside(field: Field, put: Set) -> Set:
    """The setter of an inlined field works on the message that holds it."""
    for parent in reversed(field.parents):
        put = _in_parent(parent.name, put)
    return put


def _in_parent(name: str, put: Set) -> Set:
    return lambda message, value, path, warnings: put(getattr(message, name), value, path, warnings)


def _setter(field: Field) -> Set:
    if field.is_map:
        return _map_setter(field)
    if field.is_list:
        return _list_setter(field)
    name = field.name
    if field.message is not None:

        def put_message(message: Any, value: Any, path: str, warnings: list[str]) -> None:
            child = getattr(message, name)
            child.SetInParent()
            read_message(child, value, path, warnings)

        return put_message
    read, is_message = _reader(field.descriptor), field.descriptor.message_type is not None

    def put_value(message: Any, value: Any, path: str, warnings: list[str]) -> None:
        if is_message:
            getattr(message, name).CopyFrom(_read(read, value, path))
        else:
            setattr(message, name, _read(read, value, path))

    return put_value


def _list_setter(field: Field) -> Set:
    name, is_object = field.name, field.message is not None
    read = None if is_object else _reader(field.descriptor)

    def put(message: Any, value: Any, path: str, warnings: list[str]) -> None:
        if not isinstance(value, list):
            raise FormError(path, f"expected a list, got {shown(value)}")
        items = getattr(message, name)
        for index, item in enumerate(value):
            if read is None:
                # Go reads null in a list as the type's zero.
                read_message(items.add(), {} if item is None else item, f"{path}[{index}]", warnings)
            else:
                items.append(_read(read, item, f"{path}[{index}]"))

    return put


def _map_setter(field: Field) -> Set:
    name, is_object = field.name, field.message is not None
    target = value_descriptor(field.descriptor)
    read = None if is_object else _reader(target)
    is_message = target.message_type is not None

    def put(message: Any, value: Any, path: str, warnings: list[str]) -> None:
        if not isinstance(value, dict):
            raise FormError(path, f"expected an object, got {shown(value)}")
        entries = getattr(message, name)
        for key, item in value.items():
            at = f"{path}.{key}"
            if not isinstance(key, str):
                raise FormError(path, f"expected keys that are strings, got {shown(key)}")
            if read is None:
                read_message(entries[key], item, at, warnings)
            elif is_message:
                entries[key].CopyFrom(_read(read, item, at))
            else:
                entries[key] = _read(read, "" if item is None else item, at)

    return put


def _read(read: Callable[[Any], Any], value: Any, path: str) -> Any:
    try:
        return read(value)
    except ValueError as error:
        raise FormError(path, str(error)) from None


def _reader(field: FieldDescriptor) -> Callable[[Any], Any]:
    """Checks and converts one value that is no object. Raises ValueError."""
    if field.message_type is not None:
        return READERS[field.message_type.full_name]
    return _SCALAR_READERS[field.type]


def _string(value: Any) -> str:
    if type(value) is not str:
        raise ValueError(f"expected a string, got {shown(value)}")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("expected a string of valid Unicode") from None
    return value


def _bool(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError(f"expected true or false, got {shown(value)}")
    return value


def _integer(bits: int) -> Callable[[Any], int]:
    limit = 1 << (bits - 1)

    def read(value: Any) -> int:
        if type(value) is not int:
            raise ValueError(f"expected an integer, got {shown(value)}")
        if not -limit <= value < limit:
            raise ValueError(f"{value} does not fit into a {bits}-bit integer")
        return value

    return read


def _bytes(value: Any) -> bytes:
    try:
        return b64decode(_string(value), validate=True)
    except binascii.Error as error:
        raise ValueError(f"expected base64 text: {error}") from None


_SCALAR_READERS: dict[int, Callable[[Any], Any]] = {
    FieldDescriptor.TYPE_STRING: _string,
    FieldDescriptor.TYPE_BOOL: _bool,
    FieldDescriptor.TYPE_INT32: _integer(32),
    FieldDescriptor.TYPE_INT64: _integer(64),
    FieldDescriptor.TYPE_BYTES: _bytes,
}

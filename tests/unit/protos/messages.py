"""Hypothesis strategies for any of our messages, driven by descriptors."""

from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

from protos.fields import is_map, message_class, rules_of, value_descriptor
from protos.kubernetes import meta_pb2 as meta

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
_seconds = st.integers(1, 4_000_000_000)
_json_texts = st.sampled_from([b'{"a":[1,null,"x"]}', b"[]", b"7", b'"text"'])

SMALL: dict[str, st.SearchStrategy[Message]] = {
    "Time": st.builds(meta.Time, seconds=_seconds),
    "MicroTime": st.builds(meta.MicroTime, seconds=_seconds, nanos=st.integers(0, 999_999).map(lambda n: n * 1000)),
    "Duration": st.builds(meta.Duration, duration=st.integers(-(10**15), 10**15)),
    "IntOrString": st.builds(meta.IntOrString, intVal=st.integers(-(2**31), 2**31 - 1))
    | st.builds(meta.IntOrString, type=st.just(1), strVal=texts),
    "Quantity": st.builds(meta.Quantity, string=st.sampled_from(["0", "1", "100m", "2Gi", "1500", "3e3", "-5k"])),
    "RawExtension": st.builds(meta.RawExtension, raw=_json_texts),
    "FieldsV1": st.builds(meta.FieldsV1, Raw=_json_texts),
}
SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_STRING: texts,
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=4),
}


@st.composite
def messages(draw: st.DrawFn, descriptor: Descriptor, depth: int = 4) -> Message:
    """A message with a few of its fields set, nested to `depth`."""
    message = message_class(descriptor)()
    usable = [field for field in descriptor.fields if depth > 0 or field.message_type is None]
    if not usable:
        return message
    for field in draw(st.lists(st.sampled_from(usable), max_size=5, unique_by=lambda field: field.number)):
        _fill(draw, message, field, depth)
    return message


def _fill(draw: st.DrawFn, message: Any, field: FieldDescriptor, depth: int) -> None:
    target = value_descriptor(field)
    values = _values(target, depth)
    if is_map(field):
        entries = getattr(message, field.name)
        for key in draw(st.lists(texts, max_size=2, unique=True)):
            if target.message_type is None:
                entries[key] = draw(values)
            else:
                entries[key].CopyFrom(draw(values))
    elif field.is_repeated:
        getattr(message, field.name).extend(draw(st.lists(values, max_size=2)))
    elif target.message_type is None:
        setattr(message, field.name, draw(values))
    else:
        getattr(message, field.name).CopyFrom(draw(values))


def _values(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    if field.message_type is None:
        return SCALARS[field.type]
    small = SMALL.get(field.message_type.name)
    return messages(field.message_type, depth - 1) if small is None else small


def without_empty_values(message: Any) -> Any:
    """The message less the messages held by value that are empty: JSON shows them whether they are set or not."""
    for field, value in message.ListFields():
        if field.message_type is None or is_map(field):
            continue
        if field.message_type.name not in SMALL:
            for item in value if field.is_repeated else (value,):
                without_empty_values(item)
        if rules_of(field).by_value and (not value.ByteSize() or value == meta.Quantity(string="0")):
            message.ClearField(field.name)
    return message

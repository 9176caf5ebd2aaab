"""Fields of a newer API that our .proto files do not have: the encoded form keeps them, JSON cannot show them."""

from typing import Any

from google.protobuf.message import Message

from protos.fields import is_map


def carry_unknown_fields(old: Message, new: Message) -> None:
    """Gives `new`, which was made from the JSON form of `old`, the fields that the JSON form left out.

    Items of a list are told apart by their place, and only as long as their number stays the same.
    """
    if _has_unknown_fields(old):
        _carry(old, new)


def _has_unknown_fields(message: Message) -> bool:
    known = _copy(message)
    known.DiscardUnknownFields()
    return bool(known.ByteSize() != message.ByteSize())


def _carry(old: Any, new: Any) -> None:
    alone = _copy(old)
    for field, value in old.ListFields():
        alone.ClearField(field.name)
        if field.message_type is None or is_map(field):
            continue
        if not field.is_repeated:
            if new.HasField(field.name):
                _carry(value, getattr(new, field.name))
        elif len(value) == len(getattr(new, field.name)):
            for before, after in zip(value, getattr(new, field.name), strict=True):
                _carry(before, after)
    # What is left of a message without its known fields are the others.
    new.MergeFromString(alone.SerializeToString())


def _copy(message: Any) -> Any:
    made = type(message)()
    made.CopyFrom(message)
    return made

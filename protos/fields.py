"""The fields of a message as its JSON shows them: descriptors and `k8s.rules`, read once for each message type."""

from dataclasses import dataclass
from functools import cache
from typing import cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from protos.kubernetes import options_pb2
from protos.kubernetes.options_pb2 import FieldRules

# Messages whose JSON is one value rather than an object of their fields.
SCALAR_MESSAGES = frozenset(
    f"k8s.meta.v1.{name}"
    for name in ("Time", "MicroTime", "Duration", "IntOrString", "Quantity", "FieldsV1", "RawExtension")
)


@dataclass(frozen=True, eq=False)
class Field:
    """One field of a message; `parents` are the inlined messages that hold it, outermost first."""

    descriptor: FieldDescriptor
    rules: FieldRules
    parents: tuple[FieldDescriptor, ...] = ()

    @property
    def name(self) -> str:
        """The JSON name, which is the proto's name too."""
        return self.descriptor.name

    @property
    def is_map(self) -> bool:
        return is_map(self.descriptor)

    @property
    def is_list(self) -> bool:
        return self.descriptor.is_repeated and not self.is_map

    @property
    def message(self) -> Descriptor | None:
        """The message that the value (a list's item, a map's value) is an object of; None for anything simpler."""
        found = value_descriptor(self.descriptor).message_type
        return None if found is None or found.full_name in SCALAR_MESSAGES else found


def is_map(descriptor: FieldDescriptor) -> bool:
    """Whether the field is a map<k, v>."""
    return descriptor.message_type is not None and descriptor.message_type.GetOptions().map_entry


def value_descriptor(descriptor: FieldDescriptor) -> FieldDescriptor:
    """The field that types one value: the `value` of a map's entry, else the field itself."""
    entry = descriptor.message_type
    return entry.fields_by_name["value"] if entry is not None and is_map(descriptor) else descriptor


def rules_of(descriptor: FieldDescriptor) -> FieldRules:
    """What the .proto says of the field beyond its number and type."""
    return descriptor.GetOptions().Extensions[options_pb2.rules]


@cache
def fields_of(descriptor: Descriptor) -> dict[str, Field]:
    """The fields by JSON name, those of inlined messages among them."""
    found: dict[str, Field] = {}
    for field in descriptor.fields:
        rules = rules_of(field)
        if not rules.inline:
            found[field.name] = Field(field, rules)
            continue
        for name, inner in fields_of(field.message_type).items():
            found[name] = Field(inner.descriptor, inner.rules, (field, *inner.parents))
    return found


@cache
def message_class(descriptor: Descriptor) -> type[Message]:
    """The generated class of a message type."""
    return GetMessageClass(descriptor)


def descriptor_of(cls: type[Message]) -> Descriptor:
    """The descriptor of a generated class; the stubs would call it either of two types."""
    return cast(Descriptor, cls.DESCRIPTOR)

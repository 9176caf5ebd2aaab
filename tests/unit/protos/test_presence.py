"""Defaults of fields, empty messages that are held by value, and fields of a newer API."""

from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from protos.defaults import fill_defaults
from protos.fields import descriptor_of
from protos.jsonform import to_json
from protos.kinds import KINDS
from protos.kubernetes import core_pb2 as core
from protos.presence import drop_empty_values
from protos.unknownfields import carry_unknown_fields
from tests.unit.protos.messages import messages, without_empty_values

OBJECTS = st.sampled_from(KINDS).flatmap(lambda kind: messages(descriptor_of(kind.message)))
NEWER = b"\xc2\x3e\x01x"  # field 1000, which nobody has


def copy_of(message: Message) -> Message:
    made = type(message)()
    made.CopyFrom(message)
    return made


def test_defaults_reach_any_depth_but_make_no_message() -> None:
    spec = core.PodSpec(containers=[core.Container(ports=[core.ContainerPort(containerPort=80)])])
    volume = spec.volumes.add()
    volume.volumeSource.azureDisk.SetInParent()
    fill_defaults(spec)
    assert spec.containers[0].ports[0].protocol == "TCP"
    disk = volume.volumeSource.azureDisk
    assert (disk.fsType, disk.HasField("readOnly"), disk.readOnly) == ("ext4", True, False)
    assert [field.name for field, _ in volume.volumeSource.ListFields()] == ["azureDisk"]


def test_defaults_leave_what_is_set() -> None:
    spec = core.ServiceSpec(ports=[core.ServicePort(port=53, protocol="UDP"), core.ServicePort(port=80)])
    fill_defaults(spec)
    assert [port.protocol for port in spec.ports] == ["UDP", "TCP"]


@given(OBJECTS)
@settings(max_examples=100, deadline=None)
def test_dropping_empty_values_changes_no_meaning(message: Message) -> None:
    before = to_json(message)
    wanted = without_empty_values(copy_of(message))
    drop_empty_values(message)
    assert to_json(message) == before
    once = message.SerializeToString(deterministic=True)
    drop_empty_values(message)
    assert message.SerializeToString(deterministic=True) == once
    assert message.ByteSize() >= wanted.ByteSize()


@given(OBJECTS, st.booleans())
@settings(max_examples=100, deadline=None)
def test_unknown_fields_are_carried_once(message: Message, newer: bool) -> None:
    if newer:
        message.MergeFromString(NEWER)
    known = copy_of(message)
    known.DiscardUnknownFields()
    carry_unknown_fields(message, known)
    assert known == message

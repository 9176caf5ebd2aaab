"""Kubernetes' JSON form: what is printed, what is read, and that nothing is lost on the way."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from protos.fields import descriptor_of
from protos.jsonform import FormError, UnknownKind, from_json, from_object, to_json, to_object
from protos.kinds import KINDS
from protos.kubernetes import core_pb2 as core
from protos.kubernetes import discovery_pb2 as discovery
from protos.kubernetes import meta_pb2 as meta
from tests.unit.protos.messages import messages, without_empty_values

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.yaml")), ids=lambda path: path.stem)
def test_golden_manifest_is_printed_as_it_was_read(path: Path) -> None:
    warnings: list[str] = []
    for document in yaml.safe_load_all(path.read_text()):
        assert to_object(from_object(document, warnings=warnings)) == document
    assert warnings == []


@given(st.sampled_from(KINDS).flatmap(lambda kind: messages(descriptor_of(kind.message))))
@settings(max_examples=300, deadline=None)
def test_round_trip_keeps_every_field(message: Message) -> None:
    written = to_json(message)
    warnings: list[str] = []
    read = from_json(type(message), written, warnings=warnings)
    assert warnings == []
    assert to_json(read) == written
    assert without_empty_values(read) == without_empty_values(message)


def test_unset_values_by_value_are_printed() -> None:
    assert to_json(core.Service()) == {"metadata": {}, "spec": {}, "status": {"loadBalancer": {}}}
    assert to_json(core.Container()) == {"name": "", "resources": {}}
    assert to_json(core.ServicePort(port=80)) == {"port": 80, "targetPort": 0}


def test_unset_lists_that_are_never_omitted_are_null() -> None:
    written = to_json(discovery.EndpointSlice())
    assert written == {"addressType": "", "endpoints": None, "metadata": {}, "ports": None}


def test_inlined_messages_stand_in_their_parent() -> None:
    probe = core.Probe(handler=core.ProbeHandler(exec=core.ExecAction(command=["true"])), periodSeconds=3)
    assert to_json(probe) == {"exec": {"command": ["true"]}, "periodSeconds": 3}
    assert from_json(core.Probe, {"exec": {"command": ["true"]}, "periodSeconds": 3}) == probe
    selector = core.ConfigMapKeySelector(localObjectReference=core.LocalObjectReference(name="m"), key="k")
    assert to_json(selector) == {"name": "m", "key": "k"}


def test_times_by_value_are_null_and_pointers_are_left_out() -> None:
    condition = core.PodCondition(type="Ready", status="True")
    assert to_json(condition) == {"type": "Ready", "status": "True", "lastProbeTime": None, "lastTransitionTime": None}
    assert to_json(meta.ObjectMeta(name="x")) == {"name": "x"}
    stamped = meta.ObjectMeta(creationTimestamp=meta.Time(seconds=1136214245))
    assert to_json(stamped) == {"creationTimestamp": "2006-01-02T15:04:05Z"}


def test_null_means_unset() -> None:
    value = {"metadata": {"name": "x", "labels": None, "creationTimestamp": None}, "spec": None}
    assert from_json(core.Service, value) == core.Service(metadata=meta.ObjectMeta(name="x"))


def test_pointers_tell_zero_from_unset() -> None:
    assert from_json(core.PodSpec, {"priority": 0}).HasField("priority")
    assert to_json(core.PodSpec(priority=0))["priority"] == 0
    assert "priority" not in to_json(core.PodSpec())


def test_unknown_fields_are_named_with_their_path() -> None:
    value = {
        "apiVersion": "v1",
        "kind": "Service",
        "foo": 1,
        "metadata": {"Labels": {}},
        "spec": {"ports": [{"port": 1}, {"port": 2, "hostPort": 3}], "apiVersion": "x"},
    }
    warnings: list[str] = []
    from_object(value, warnings=warnings)
    assert warnings == [
        'unknown field "foo"',
        'unknown field "metadata.Labels"',
        'unknown field "spec.ports[1].hostPort"',
        'unknown field "spec.apiVersion"',
    ]


WRONG = [
    ({"spec": {"ports": [{"port": "80"}]}}, 'spec.ports[0].port: expected an integer, got the string "80"'),
    ({"spec": {"ports": {"port": 80}}}, "spec.ports: expected a list, got an object"),
    ({"spec": []}, "spec: expected an object, got a list"),
    ({"metadata": {"annotations": {"a": True}}}, "metadata.annotations.a: expected a string, got the boolean true"),
    (
        {"spec": {"publishNotReadyAddresses": 1}},
        "spec.publishNotReadyAddresses: expected true or false, got the number 1",
    ),
    ({"spec": {"ports": [{"port": 2**31}]}}, "spec.ports[0].port: 2147483648 does not fit into a 32-bit integer"),
    ({"spec": {"ports": [{"port": True}]}}, "spec.ports[0].port: expected an integer, got the boolean true"),
    (
        {"spec": {"ports": [{"targetPort": 1.5}]}},
        "spec.ports[0].targetPort: expected a number or a string, got the number 1.5",
    ),
    ({"metadata": {"name": "\ud800"}}, "metadata.name: expected a string of valid Unicode"),
    ({"spec": {"externalIPs": [None]}}, "spec.externalIPs[0]: expected a string, got null"),
]


@pytest.mark.parametrize(("value", "text"), WRONG, ids=[text for _, text in WRONG])
def test_wrong_types_name_the_field(value: dict[str, Any], text: str) -> None:
    with pytest.raises(FormError) as caught:
        from_json(core.Service, value)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"kind": "Service"}, "Object 'apiVersion' is missing"),
        ({"apiVersion": "v1"}, "Object 'Kind' is missing"),
        ({"apiVersion": "v1", "kind": "Foo"}, 'no matches for kind "Foo" in version "v1"'),
    ],
)
def test_kinds_that_are_not_served(value: dict[str, Any], text: str) -> None:
    with pytest.raises(UnknownKind, match=text):
        from_object(value)


def test_bytes_and_quantities() -> None:
    config = from_json(core.ConfigMap, {"binaryData": {"a": "AAE="}})
    assert config.binaryData["a"] == b"\x00\x01"
    limits = from_json(core.ResourceRequirements, {"limits": {"cpu": 1, "memory": "2048Mi"}}).limits
    assert (limits["cpu"].string, limits["memory"].string) == ("1", "2Gi")
    with pytest.raises(FormError, match="binaryData.a: expected base64 text"):
        from_json(core.ConfigMap, {"binaryData": {"a": "?"}})

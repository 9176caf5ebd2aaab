"""Patches: RFC 7386, strategic merge with its directives, RFC 6902, and what `kubectl apply` sends."""

import copy
from typing import Any

import pytest
from hypothesis import assume, given, settings

from protos.fields import descriptor_of
from protos.jsonform import to_json
from protos.kubernetes import core_pb2 as core
from protos.patch import PatchError, json_merge, json_patch, strategic_merge, three_way_strategic
from tests.unit.protos.messages import messages

Json = dict[str, Any]

RFC_7386 = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    ({"a": "foo"}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
]


@pytest.mark.parametrize(("original", "patch", "result"), RFC_7386)
def test_merge_patch(original: Json, patch: Json, result: Json) -> None:
    assert json_merge(original, patch) == result


def ports(*items: Json) -> Json:
    return {"spec": {"ports": list(items)}}


HTTP = {"name": "http", "port": 80, "protocol": "TCP"}
HTTPS = {"name": "https", "port": 443, "protocol": "TCP"}
DNS = {"name": "dns", "port": 53, "protocol": "UDP"}
DNS_TCP = {"name": "dns-tcp", "port": 53, "protocol": "TCP"}

STRATEGIC = {
    "a list is merged by key": (
        ports(HTTP),
        {"spec": {"ports": [{"port": 80, "nodePort": 30080}]}},
        ports({**HTTP, "nodePort": 30080}),
    ),
    "a new item is appended": (ports(HTTP), ports(HTTPS), ports(HTTP, HTTPS)),
    "an item is deleted": (ports(HTTP, HTTPS), {"spec": {"ports": [{"$patch": "delete", "port": 80}]}}, ports(HTTPS)),
    "a missing item is deleted": (ports(HTTPS), {"spec": {"ports": [{"$patch": "delete", "port": 80}]}}, ports(HTTPS)),
    "a list is replaced": (ports(HTTP), {"spec": {"ports": [HTTPS, {"$patch": "replace"}]}}, ports(HTTPS)),
    "a protocol is told apart": (
        ports(DNS, DNS_TCP),
        {"spec": {"ports": [{"port": 53, "protocol": "TCP", "name": "x"}]}},
        ports(DNS, {**DNS_TCP, "name": "x"}),
    ),
    "a protocol that is not said is the default": (
        ports(DNS, DNS_TCP),
        {"spec": {"ports": [{"port": 53, "name": "x"}]}},
        ports(DNS, {**DNS_TCP, "name": "x"}),
    ),
    "a lone port needs no protocol": (
        ports(DNS),
        {"spec": {"ports": [{"port": 53, "name": "x"}]}},
        ports({**DNS, "name": "x"}),
    ),
    "a lone port changes its protocol": (
        ports(DNS),
        {"spec": {"ports": [{"port": 53, "protocol": "TCP"}]}},
        ports({**DNS, "protocol": "TCP"}),
    ),
    "a field is removed": (
        {"spec": {"clusterIP": "x", "type": "y"}},
        {"spec": {"clusterIP": None}},
        {"spec": {"type": "y"}},
    ),
    "a map is merged": (
        {"metadata": {"labels": {"a": "b"}}},
        {"metadata": {"labels": {"c": "d"}}},
        {"metadata": {"labels": {"a": "b", "c": "d"}}},
    ),
    "a map is replaced": (
        {"metadata": {"labels": {"a": "b"}}},
        {"metadata": {"labels": {"$patch": "replace", "c": "d"}}},
        {"metadata": {"labels": {"c": "d"}}},
    ),
    "a map is deleted": (
        {"metadata": {"labels": {"a": "b"}}},
        {"metadata": {"labels": {"$patch": "delete"}}},
        {"metadata": {"labels": {}}},
    ),
    "a set of strings is united": (
        {"metadata": {"finalizers": ["a/b"]}},
        {"metadata": {"finalizers": ["c/d", "a/b"]}},
        {"metadata": {"finalizers": ["a/b", "c/d"]}},
    ),
    "strings are taken out": (
        {"metadata": {"finalizers": ["a/b", "c/d"]}},
        {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a/b"]}},
        {"metadata": {"finalizers": ["c/d"]}},
    ),
    "an atomic list is replaced": (
        {"spec": {"externalIPs": ["1"]}},
        {"spec": {"externalIPs": ["2"]}},
        {"spec": {"externalIPs": ["2"]}},
    ),
    "items are ordered": (
        ports(HTTP, HTTPS),
        {"spec": {"$setElementOrder/ports": [{"port": 443}, {"port": 80}], "ports": [{"port": 80, "name": "x"}]}},
        ports(HTTPS, {**HTTP, "name": "x"}),
    ),
    "strings are ordered": (
        {"metadata": {"finalizers": ["a/b", "c/d"]}},
        {"metadata": {"$setElementOrder/finalizers": ["e/f", "c/d", "a/b"], "finalizers": ["e/f"]}},
        {"metadata": {"finalizers": ["e/f", "c/d", "a/b"]}},
    ),
    "the server's own items keep their place": (
        ports(HTTP, DNS, HTTPS),
        {"spec": {"$setElementOrder/ports": [{"port": 80}, {"port": 443}, {"port": 1}], "ports": [{"port": 1}]}},
        ports(HTTP, DNS, HTTPS, {"port": 1}),
    ),
}


@pytest.mark.parametrize("name", STRATEGIC)
def test_strategic_merge_of_a_service(name: str) -> None:
    original, patch, result = STRATEGIC[name]
    before = copy.deepcopy((original, patch))
    assert strategic_merge(core.Service, original, patch) == result
    assert (original, patch) == before


def test_retain_keys_drop_the_other_sources_of_a_volume() -> None:
    original = {"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}}
    patch = {"spec": {"volumes": [{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "c"}}]}}
    result = strategic_merge(core.Pod, original, patch)
    assert result == {"spec": {"volumes": [{"name": "v", "configMap": {"name": "c"}}]}}


def test_items_within_items_are_merged() -> None:
    original = {"spec": {"containers": [{"name": "a", "env": [{"name": "X", "value": "1"}]}, {"name": "b"}]}}
    patch = {"spec": {"containers": [{"name": "a", "env": [{"name": "Y", "value": "2"}]}]}}
    env = [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]
    assert strategic_merge(core.Pod, original, patch) == {
        "spec": {"containers": [{"name": "a", "env": env}, {"name": "b"}]}
    }


@pytest.mark.parametrize(
    "patch",
    [
        {"spec": {"$patch": "frob"}},
        {"spec": {"$frob": 1}},
        {"spec": {"ports": [{"name": "x"}]}},
        {"spec": {"ports": [7]}},
        {"spec": {"$retainKeys": "x"}},
        {"spec": {"$retainKeys": ["a"], "type": "x"}},
        {"metadata": {"$deleteFromPrimitiveList/finalizers": "a"}},
    ],
    ids=str,
)
def test_malformed_strategic_patches(patch: Json) -> None:
    with pytest.raises(PatchError):
        strategic_merge(core.Service, {"metadata": {"finalizers": []}, "spec": {}}, patch)


def test_json_patch() -> None:
    original = {"spec": {"ports": [{"port": 80}]}}
    operations: list[Json] = [
        {"op": "test", "path": "/spec/ports/0/port", "value": 80},
        {"op": "add", "path": "/spec/ports/-", "value": {"port": 81}},
        {"op": "replace", "path": "/spec/ports/0/port", "value": 8080},
    ]
    assert json_patch(original, operations) == {"spec": {"ports": [{"port": 8080}, {"port": 81}]}}
    assert original == {"spec": {"ports": [{"port": 80}]}}


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "test", "path": "/a", "value": 2}],
        [{"op": "remove", "path": "/b"}],
        [{"op": "frob", "path": "/a"}],
        [{"path": "/a"}],
        {"op": "remove"},
        [{"op": "replace", "path": "", "value": 7}],
        [7],
    ],
    ids=str,
)
def test_json_patches_that_cannot_be_applied(operations: Any) -> None:
    with pytest.raises(PatchError) as caught:
        json_patch({"a": 1}, operations)
    assert "<class" not in str(caught.value)  # nothing of the program shows


def test_apply_keeps_what_others_set_and_removes_what_the_manifest_dropped() -> None:
    last = {"metadata": {"name": "web", "labels": {"a": "b", "c": "d"}}, **ports(HTTP, HTTPS)}
    modified = {"metadata": {"name": "web", "labels": {"a": "x"}}, **ports(HTTP)}
    current = {
        "metadata": {"name": "web", "uid": "1", "labels": {"a": "b", "c": "d", "own": "1"}},
        "spec": {"clusterIP": "10.0.0.1", "ports": [{**HTTP, "nodePort": 30080}, HTTPS, DNS]},
    }
    patch = three_way_strategic(core.Service, last, modified, current)
    assert patch == {
        "metadata": {"labels": {"a": "x", "c": None}},
        "spec": {
            "$setElementOrder/ports": [{"port": 80, "protocol": "TCP"}],
            "ports": [{"$patch": "delete", "port": 443, "protocol": "TCP"}],
        },
    }
    assert strategic_merge(core.Service, current, patch) == {
        "metadata": {"name": "web", "uid": "1", "labels": {"a": "x", "own": "1"}},
        "spec": {"clusterIP": "10.0.0.1", "ports": [{**HTTP, "nodePort": 30080}, DNS]},
    }


def test_apply_of_an_unchanged_manifest_is_empty() -> None:
    manifest = {"metadata": {"name": "web"}, **ports(HTTP, DNS, DNS_TCP)}
    current = {
        "metadata": {"name": "web", "uid": "1"},
        "spec": {"ports": [{**HTTP, "nodePort": 1}, DNS, DNS_TCP], "type": "x"},
    }
    assert three_way_strategic(core.Service, manifest, manifest, current) == {}


def test_apply_changes_one_of_two_ports_with_the_same_number() -> None:
    last, modified = ports(DNS, DNS_TCP), ports({**DNS, "targetPort": 5353}, DNS_TCP)
    patch = three_way_strategic(core.Service, last, modified, last)
    assert strategic_merge(core.Service, last, patch) == modified


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


SPECS = messages(descriptor_of(core.PodSpec), 3).map(lambda spec: _without_nulls(to_json(spec)))


def _is_mergeable(value: Any, field: str = "") -> bool:
    """Items of merged lists have their key, and no two the same, as validation wants it."""
    if isinstance(value, dict):
        return all(_is_mergeable(item, name) for name, item in value.items())
    if not isinstance(value, list):
        return True
    if field == "imagePullSecrets" and {} in value:
        return False
    names = ("containerPort", "mountPath", "devicePath", "ip", "topologyKey", "name")
    keys = [
        next((item[name] for name in names if name in item), item) if isinstance(item, dict) else item for item in value
    ]
    return len(set(map(str, keys))) == len(keys) and all(_is_mergeable(item) for item in value)


@given(SPECS, SPECS)
@settings(max_examples=60, deadline=None)
def test_what_was_applied_becomes_what_is_applied(first: Json, second: Json) -> None:
    """Where only manifests write, the object is always the last manifest."""
    before, after = {"spec": first}, {"spec": second}
    assume(_is_mergeable(before) and _is_mergeable(after))
    patch = three_way_strategic(core.Pod, before, after, before)
    assert strategic_merge(core.Pod, before, patch) == after
    assert three_way_strategic(core.Pod, after, after, after) == {}


def test_apply_tells_twins_apart_that_do_not_say_their_protocol() -> None:
    dns_tcp = {name: value for name, value in DNS_TCP.items() if name != "protocol"}
    last, current = ports(DNS, dns_tcp), ports({**DNS, "nodePort": 1}, {**DNS_TCP, "nodePort": 1})
    modified = ports(DNS, {**dns_tcp, "targetPort": 8053})
    patch = three_way_strategic(core.Service, last, modified, current)
    assert strategic_merge(core.Service, current, patch) == ports(
        {**DNS, "nodePort": 1}, {**DNS_TCP, "nodePort": 1, "targetPort": 8053}
    )

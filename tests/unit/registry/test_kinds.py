"""Rules of the kinds around Services and Pods."""
# ruff: noqa: E501  (messages stand in one piece, so that they can be searched for)

from typing import Any

import pytest

from apiserver.registry.errors import Invalid
from protos.kinds import CONFIG_MAPS, ENDPOINT_SLICES, ENDPOINTS, EVENTS, LEASES, NODES, Kind
from tests.unit.registry.harness import Cluster

IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
LOOPBACK = "may not be in the loopback range (127.0.0.0/8, ::1/128)"


def slice_of(*addresses: str, kind: str = "IPv4", **more: Any) -> dict[str, Any]:
    return {"addressType": kind, "endpoints": [{"addresses": list(addresses), "conditions": {}, **more}], "ports": []}


CASES: list[tuple[Kind, dict[str, Any], list[str]]] = [
    (
        ENDPOINT_SLICES,
        {"addressType": "X", "endpoints": [], "ports": []},
        ['addressType: Unsupported value: "X": supported values: "FQDN", "IPv4", "IPv6"'],
    ),
    (ENDPOINT_SLICES, slice_of(), ["endpoints[0].addresses: Required value: must contain at least 1 address"]),
    (
        ENDPOINT_SLICES,
        slice_of(*["10.0.0.1"] * 101),
        ["endpoints[0].addresses: Too many: 101: must have at most 100 items"],
    ),
    (
        ENDPOINT_SLICES,
        slice_of("10.0.0.256", "fd::1"),
        [
            'endpoints[0].addresses[0]: Invalid value: "10.0.0.256": must be a valid IPv4 address',
            'endpoints[0].addresses[1]: Invalid value: "fd::1": must be a valid IPv4 address',
        ],
    ),
    (
        ENDPOINT_SLICES,
        slice_of("10.0.0.1", kind="IPv6"),
        ['endpoints[0].addresses[0]: Invalid value: "10.0.0.1": must be a valid IPv6 address'],
    ),
    (
        ENDPOINT_SLICES,
        slice_of("fd00::1%eth0", "::ffff:10.0.0.1", kind="IPv6"),
        [
            'endpoints[0].addresses[0]: Invalid value: "fd00::1%eth0": must be a valid IPv6 address',
            'endpoints[0].addresses[1]: Invalid value: "::ffff:10.0.0.1": must be a valid IPv6 address',
        ],
    ),
    (ENDPOINT_SLICES, slice_of("127.0.0.1"), [f'endpoints[0].addresses[0]: Invalid value: "127.0.0.1": {LOOPBACK}']),
    (
        ENDPOINT_SLICES,
        slice_of("::", kind="IPv6"),
        ['endpoints[0].addresses[0]: Invalid value: "::": may not be unspecified (::)'],
    ),
    (
        ENDPOINT_SLICES,
        slice_of("A", kind="FQDN"),
        ['endpoints[0].addresses[0]: Invalid value: "A": a lowercase RFC 1123 subdomain'],
    ),
    (
        ENDPOINT_SLICES,
        slice_of("10.0.0.1", nodeName="A", hostname="a.b"),
        ['endpoints[0].nodeName: Invalid value: "A"', 'endpoints[0].hostname: Invalid value: "a.b"'],
    ),
    (
        ENDPOINT_SLICES,
        slice_of("10.0.0.1", hints={"forZones": [{"name": "a"}, {"name": "a"}], "forNodes": [{"name": "A"}]}),
        [
            'endpoints[0].hints.forZones[1].name: Duplicate value: "a"',
            'endpoints[0].hints.forNodes[0].name: Invalid value: "A"',
        ],
    ),
    (
        ENDPOINT_SLICES,
        {"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}] * 1001, "ports": []},
        ["endpoints: Too many: 1001: must have at most 1000 items"],
    ),
    (
        ENDPOINT_SLICES,
        {"addressType": "IPv4", "endpoints": [], "ports": [{}] * 20001},
        ["ports: Too many: 20001: must have at most 20000 items"],
    ),
    (
        ENDPOINT_SLICES,
        {
            "addressType": "IPv4",
            "endpoints": [],
            "ports": [{"name": "a"}, {"name": "a", "protocol": "X"}, {"name": "B", "port": 0}],
        },
        [
            'ports[1].name: Duplicate value: "a"',
            'ports[1].protocol: Unsupported value: "X"',
            'ports[2].name: Invalid value: "B"',
            "ports[2].port: Invalid value: 0: must be between 1 and 65535, inclusive",
        ],
    ),
    (
        ENDPOINTS,
        {"subsets": [{"ports": [{"port": 1}]}]},
        ["subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"],
    ),
    (
        ENDPOINTS,
        {
            "subsets": [
                {
                    "addresses": [{"ip": "x"}, {"ip": "127.0.0.1", "hostname": "A"}],
                    "ports": [{"port": 0}, {"name": "a", "port": 1, "protocol": "X"}],
                }
            ]
        },
        [
            f'subsets[0].addresses[0].ip: Invalid value: "x": {IP}',
            f'subsets[0].addresses[1].ip: Invalid value: "127.0.0.1": {LOOPBACK}',
            'subsets[0].addresses[1].hostname: Invalid value: "A"',
            "subsets[0].ports[0].name: Required value",
            "subsets[0].ports[0].port: Invalid value: 0",
            'subsets[0].ports[1].protocol: Unsupported value: "X"',
        ],
    ),
    (NODES, {"spec": {"podCIDR": "x"}}, ['spec.podCIDRs[0]: Invalid value: "x": must be a valid CIDR value']),
    (
        NODES,
        {"spec": {"podCIDR": "10.0.0.0/24", "podCIDRs": ["10.1.0.0/24"]}},
        ['spec.podCIDRs[0]: Invalid value: ["10.1.0.0/24"]: must match `podCIDR`'],
    ),
    (
        NODES,
        {"spec": {"podCIDRs": ["10.0.0.0/24", "10.1.0.0/24"]}},
        [
            'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.1.0.0/24"]: may specify no more than one CIDR for each IP family'
        ],
    ),
    (
        NODES,
        {
            "spec": {
                "taints": [
                    {"key": "a"},
                    {"key": "a", "effect": "X"},
                    {"key": "b", "effect": "NoExecute"},
                    {"key": "b", "effect": "NoExecute"},
                ]
            }
        },
        [
            "spec.taints[0].effect: Required value",
            'spec.taints[1].effect: Unsupported value: "X"',
            'spec.taints[3]: Duplicate value: {"key":"b","effect":"NoExecute"}',
        ],
    ),
    (
        NODES,
        {"status": {"addresses": [{"type": "InternalIP", "address": "1.1.1.1"}] * 2}},
        ['status.addresses[1]: Duplicate value: {"type":"InternalIP","address":"1.1.1.1"}'],
    ),
    (
        LEASES,
        {"spec": {"holderIdentity": "", "leaseDurationSeconds": 0, "leaseTransitions": -1}},
        [
            'spec.holderIdentity: Invalid value: "": must not be empty',
            "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
            "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
        ],
    ),
    (
        CONFIG_MAPS,
        {"data": {"a b": "", "..": "", "c": ""}, "binaryData": {"c": ""}},
        [
            "data[..]: Invalid value: \"..\": must not be '..'",
            'data[a b]: Invalid value: "a b": a valid config key',
            'data[c]: Invalid value: "c": duplicate of key present in binaryData',
        ],
    ),
    (CONFIG_MAPS, {"data": {"a": "x" * 1048577}}, [": Too long: may not be more than 1048576 bytes"]),
    (
        EVENTS,
        {"involvedObject": {"namespace": "other"}},
        ['involvedObject.namespace: Invalid value: "other": does not match event.namespace'],
    ),
]


@pytest.mark.parametrize(
    ("kind", "body", "errors"), CASES, ids=[f"{kind.kind}-{errors[0][:60]}" for kind, _, errors in CASES]
)
def test_rule(cluster: Cluster, kind: Kind, body: dict[str, Any], errors: list[str]) -> None:
    with pytest.raises(Invalid) as caught:
        cluster.create(kind, {"metadata": {"name": "a"}, **body}, "default" if kind.namespaced else "")
    found = [f"{cause.field}: {cause.message}" for cause in caught.value.status.details.causes]
    assert len(found) == len(errors), found
    for text, error in zip(found, errors, strict=True):
        assert text.startswith(error)


def test_endpoint_slice_defaults_and_generation(cluster: Cluster) -> None:
    body = {"metadata": {"name": "a"}, **slice_of("10.0.0.1"), "ports": [{"port": 80}]}
    created = cluster.create(ENDPOINT_SLICES, body)
    (port,) = created.ports
    assert (port.HasField("name"), port.name, port.protocol) == (True, "", "TCP")
    assert created.metadata.generation == 1
    assert cluster.patch(ENDPOINT_SLICES, "a", {"metadata": {"labels": {"a": "b"}}}).metadata.generation == 1
    created = cluster.get(ENDPOINT_SLICES, "a")
    created.endpoints[0].conditions.ready = True
    assert cluster.update(ENDPOINT_SLICES, created).metadata.generation == 2
    with pytest.raises(Invalid, match='addressType: Invalid value: "IPv6": field is immutable'):
        cluster.patch(ENDPOINT_SLICES, "a", {"addressType": "IPv6", "endpoints": []})


def test_node_registers_with_its_status_and_keeps_it_through_updates(cluster: Cluster) -> None:
    status = {
        "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    created = cluster.create(NODES, {"metadata": {"name": "node-1"}, "status": status}, "")
    assert created.status.addresses[0].address == "10.0.0.1"
    changed = cluster.patch(NODES, "node-1", {"spec": {"podCIDR": "10.244.1.0/24"}, "status": {"phase": "x"}}, "")
    assert list(changed.spec.podCIDRs) == ["10.244.1.0/24"]
    assert changed.status == created.status
    with pytest.raises(
        Invalid, match='spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid'
    ):
        cluster.patch(NODES, "node-1", {"spec": {"podCIDR": "10.244.2.0/24", "podCIDRs": None}}, "")
    ready = {"status": {"conditions": [{"type": "Ready", "status": "False"}]}}
    assert cluster.patch(NODES, "node-1", ready, "", "status").status.conditions[0].status == "False"


def test_immutable_config_map(cluster: Cluster) -> None:
    cluster.create(CONFIG_MAPS, {"metadata": {"name": "a"}, "immutable": True, "data": {"k": "v"}})
    assert cluster.patch(CONFIG_MAPS, "a", {"metadata": {"labels": {"a": "b"}}}).immutable
    with pytest.raises(Invalid) as caught:
        cluster.patch(CONFIG_MAPS, "a", {"immutable": False, "data": {"k": "w"}})
    assert [cause.field for cause in caught.value.status.details.causes] == ["immutable", "data"]


def test_endpoints_are_deprecated(cluster: Cluster) -> None:
    body = {"metadata": {"name": "a"}, "subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}]}
    written = cluster.written(ENDPOINTS, body)
    assert list(written.warnings) == ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"]
    assert cluster.get(ENDPOINTS, "a").subsets[0].ports[0].protocol == "TCP"


def test_events_about_things_without_a_namespace_stand_in_default(cluster: Cluster) -> None:
    cluster.create(EVENTS, {"metadata": {"name": "a"}, "involvedObject": {"kind": "Node", "name": "node-1"}})

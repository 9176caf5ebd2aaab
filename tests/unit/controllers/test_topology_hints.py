"""Topology hints: everybody's own place, or zones by their share of CPUs."""

import math
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiserver.controllers.endpointslice import topology
from apiserver.controllers.endpointslice.endpoints import EndpointKey, Endpoints
from protos.kubernetes import core_pb2, discovery_pb2, meta_pb2


def node(zone: str, cpu: str = "4", *, ready: bool = True, **labels: str) -> core_pb2.Node:
    found = core_pb2.Node(metadata=meta_pb2.ObjectMeta(labels={"topology.kubernetes.io/zone": zone} if zone else {}))
    found.metadata.labels.update(labels)
    found.status.conditions.add(type="Ready", status=str(ready))
    if cpu:
        found.status.allocatable["cpu"].string = cpu
    return found


def group(*zones: str, ready: bool = True) -> Endpoints:
    return {
        EndpointKey(f"uid-{number}", ""): discovery_pb2.Endpoint(
            zone=zone,
            nodeName=f"node-{zone}",
            conditions=discovery_pb2.EndpointConditions(ready=ready),
            targetRef=core_pb2.ObjectReference(name=f"pod-{number:03}"),
        )
        for number, zone in enumerate(zones)
    }


def hinted(endpoints: Endpoints) -> Counter[str]:
    return Counter(zone.name for endpoint in endpoints.values() for zone in endpoint.hints.forZones)


def distributed(distribution: str, endpoints: Endpoints) -> discovery_pb2.Endpoint:
    service = core_pb2.Service(spec=core_pb2.ServiceSpec(trafficDistribution=distribution))
    topology.add_hints(service, endpoints.values())
    return next(iter(endpoints.values()))


@pytest.mark.parametrize("distribution", ["PreferClose", "PreferSameZone"])
def test_close_is_the_own_zone(distribution: str) -> None:
    hints = distributed(distribution, group("a")).hints
    assert ([zone.name for zone in hints.forZones], [*hints.forNodes]) == (["a"], [])


def test_same_node_names_the_node_too() -> None:
    hints = distributed("PreferSameNode", group("a")).hints
    assert ([zone.name for zone in hints.forZones], [node.name for node in hints.forNodes]) == (["a"], ["node-a"])


def test_no_distribution_no_ready_no_zone_no_hints() -> None:
    assert not distributed("", group("a")).HasField("hints")
    assert not distributed("PreferClose", group("a", ready=False)).HasField("hints")
    assert not distributed("PreferClose", group("")).HasField("hints")


def test_auto_gives_each_zone_its_share() -> None:
    endpoints = group("a", "a", "a", "a", "b", "b")
    outcome = topology.add_auto_hints([endpoints], [node("a"), node("b")])
    assert outcome == (True, topology.ENABLED)
    assert hinted(endpoints) == {"a": 3, "b": 3}


@pytest.mark.parametrize(
    ("zones", "nodes", "text"),
    [
        ("ab", [node("a")], topology.ONE_ZONE),
        ("ab", [node("a"), node("b", ready=False)], topology.ONE_ZONE),
        ("ab", [node("a"), node("b"), node("")], topology.NODES_LACK_FACTS),
        ("ab", [node("a"), node("b", cpu="")], topology.NODES_LACK_FACTS),
        ("a", [node("a"), node("b")], f"{topology.TOO_FEW_ENDPOINTS} (1 endpoints, 2 zones)"),
        ("abc", [node("a", "1"), node("b", "1"), node("c", "2")], f"{topology.OVERLOADED} (3 endpoints, 3 zones)"),
        ("ab ", [node("a"), node("b", "8")], topology.NO_ZONE),
    ],
)
def test_auto_gives_no_hints_where_it_cannot(zones: str, nodes: list[core_pb2.Node], text: str) -> None:
    endpoints = group(*(zone.strip() for zone in zones))
    assert topology.add_auto_hints([endpoints], nodes) == (False, text)
    assert hinted(endpoints) == {}


def test_control_plane_nodes_do_not_count() -> None:
    control_plane = node("c")
    control_plane.metadata.labels["node-role.kubernetes.io/control-plane"] = ""
    assert set(topology.zone_shares([node("a"), node("b"), control_plane])) == {"a", "b"}


@given(
    st.lists(st.sampled_from("abc"), min_size=3, max_size=60),
    st.fixed_dictionaries({zone: st.integers(1, 64) for zone in "abc"}),
)
def test_auto_overloads_nobody_and_hints_all_or_none(zones: list[str], cpus: dict[str, int]) -> None:
    endpoints = group(*zones)
    outcome = topology.add_auto_hints([endpoints], [node(zone, str(cpu)) for zone, cpu in cpus.items()])
    hints = hinted(endpoints)
    assert hints.total() == (len(zones) if outcome.enabled else 0)
    if outcome.enabled:
        for zone, cpu in cpus.items():
            assert hints[zone] >= math.ceil(Fraction(len(zones) * cpu, sum(cpus.values())) / topology.OVERLOAD)

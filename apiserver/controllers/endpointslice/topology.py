"""Topology hints: which zones and nodes an endpoint is for. Pure.

`trafficDistribution` (KEP-4444, KEP-3015) gives every ready endpoint its own place. The annotation topology-mode Auto
(KEP-2433) shares the ready endpoints out among the zones in proportion to their CPUs, or gives no hints where that
would overload some.
"""

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

from apiserver.controllers.endpointslice.endpoints import ZONE_LABEL, Endpoints
from protos import quantities
from protos.kubernetes import core_pb2, discovery_pb2

ANNOTATIONS = ("service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints")
CONTROL_PLANE_LABELS = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
OVERLOAD = Fraction(6, 5)  # an endpoint may get this much of its fair share

ENABLED = "Topology Aware Hints has been enabled"
NODES_LACK_FACTS = "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes"
ONE_ZONE = "Nodes only ready in one zone"
TOO_FEW_ENDPOINTS = "Insufficient number of endpoints"
OVERLOADED = "Minimum allocation of required endpoints exceeds overload threshold"
NO_ZONE = "One or more endpoints do not have a zone specified"


class Outcome(NamedTuple):
    """How Auto went: whether there are hints, and the text that says so to users."""

    enabled: bool
    message: str


def is_auto(service: core_pb2.Service) -> bool:
    """The Service asks for hints in proportion to CPUs."""
    return any(service.metadata.annotations.get(name) in ("Auto", "auto") for name in ANNOTATIONS)


def add_hints(service: core_pb2.Service, endpoints: Iterable[discovery_pb2.Endpoint]) -> None:
    """Hints by trafficDistribution, written into the endpoints."""
    distribution = service.spec.trafficDistribution
    if distribution not in ("PreferClose", "PreferSameZone", "PreferSameNode"):
        return
    for endpoint in endpoints:
        if not endpoint.conditions.ready:
            continue
        if endpoint.zone:
            endpoint.hints.forZones.add(name=endpoint.zone)
        if distribution == "PreferSameNode" and endpoint.nodeName:
            endpoint.hints.forNodes.add(name=endpoint.nodeName)


def add_auto_hints(groups: Iterable[Endpoints], nodes: Iterable[core_pb2.Node]) -> Outcome:
    """Hints by CPUs for the endpoints of one address family, written into the endpoints."""
    ready = [endpoint for group in groups for endpoint in group.values() if endpoint.conditions.ready]
    shares = zone_shares(nodes)
    if isinstance(shares, str):
        return Outcome(False, shares)
    if len(ready) < len(shares):
        return Outcome(False, f"{TOO_FEW_ENDPOINTS} ({len(ready)} endpoints, {len(shares)} zones)")
    if sum(math.ceil(share * len(ready) / OVERLOAD) for share in shares.values()) > len(ready):
        return Outcome(False, f"{OVERLOADED} ({len(ready)} endpoints, {len(shares)} zones)")
    if not all(endpoint.zone for endpoint in ready):
        return Outcome(False, NO_ZONE)
    _share_out(ready, shares)
    return Outcome(True, ENABLED)


def zone_shares(nodes: Iterable[core_pb2.Node]) -> dict[str, Fraction] | str:
    """Each zone's part of the CPUs of ready worker nodes; a text that says why there are none."""
    cpus: dict[str, Fraction] = {}
    for counts, zone, cpu in map(node_facts, nodes):
        if not counts:
            continue
        if not zone or not cpu:
            return NODES_LACK_FACTS
        cpus[zone] = cpus.get(zone, Fraction(0)) + quantities.parse(cpu)
    if len(cpus) < 2:
        return ONE_ZONE
    total = sum(cpus.values(), Fraction(0))
    return {zone: cpu / total for zone, cpu in cpus.items()}


def node_facts(node: core_pb2.Node) -> tuple[bool, str, str]:
    """Whether a node counts (a ready worker), its zone and its CPUs: what shares depend on."""
    is_worker = not any(label in node.metadata.labels for label in CONTROL_PLANE_LABELS)
    ready = any(condition.type == "Ready" and condition.status == "True" for condition in node.status.conditions)
    cpu = node.status.allocatable["cpu"].string if "cpu" in node.status.allocatable else ""
    return is_worker and ready, node.metadata.labels.get(ZONE_LABEL, ""), cpu


def _share_out(ready: list[discovery_pb2.Endpoint], shares: Mapping[str, Fraction]) -> None:
    """Each endpoint serves its own zone, except those that zones with too many give to zones with too few."""
    by_zone: dict[str, list[discovery_pb2.Endpoint]] = {}
    for endpoint in sorted(ready, key=lambda endpoint: endpoint.targetRef.name):
        by_zone.setdefault(endpoint.zone, []).append(endpoint)
    for giving, receiving in _transfers({zone: len(there) for zone, there in by_zone.items()}, shares):
        by_zone[giving].pop().hints.forZones.add(name=receiving)
    for zone, endpoints in by_zone.items():
        for endpoint in endpoints:
            endpoint.hints.forZones.add(name=zone)


def _transfers(counts: Mapping[str, int], shares: Mapping[str, Fraction]) -> list[tuple[str, str]]:
    """Which zone gives an endpoint to which, until nobody is overloaded and nobody has or lacks a whole one."""
    total = sum(counts.values())
    zones = sorted({*counts, *shares})
    have = {zone: counts.get(zone, 0) for zone in zones}
    fair = {zone: shares.get(zone, Fraction(0)) * total for zone in zones}
    least = {zone: math.ceil(fair[zone] / OVERLOAD) for zone in zones}
    transfers: list[tuple[str, str]] = []
    while True:
        poor = [zone for zone in zones if have[zone] < least[zone]]
        receiving = max(poor or zones, key=lambda zone: fair[zone] - have[zone])
        rich = [zone for zone in zones if have[zone] > least[zone]]
        giving = max(rich or zones, key=lambda zone: have[zone] - fair[zone])
        if not poor and min(have[giving] - fair[giving], fair[receiving] - have[receiving]) < 1:
            return transfers
        have[giving] -= 1
        have[receiving] += 1
        transfers.append((giving, receiving))

"""Which changes of a Service make its load balancer be ensured anew, and what is told of them: pure.

The rules and texts of needsUpdate in Kubernetes' service controller (k8s.io/cloud-provider/controllers/service).
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cloud_controller.request import wants_load_balancer
from protos.kubernetes import core_pb2


class Note(NamedTuple):
    """An event about a Service."""

    reason: str
    message: str


UNTOLD = Note("", "")  # a change that is acted upon, and of which no event tells


def change(old: core_pb2.Service, new: core_pb2.Service, load_balancer_class: str) -> Note | None:
    """The first change that counts; None where there is none, or where this cloud has nothing to do with it."""
    wanted, wants = (wants_load_balancer(service, load_balancer_class) for service in (old, new))
    if not wanted and not wants:
        return None
    if wanted != wants:
        return Note("Type", f"{old.spec.type} -> {new.spec.type}") if old.spec.type != new.spec.type else UNTOLD
    return next(_changes(old, new), None)


def _changes(old: core_pb2.Service, new: core_pb2.Service) -> Iterator[Note]:
    """In Kubernetes' order."""
    was, is_ = old.spec, new.spec
    if was.loadBalancerSourceRanges != is_.loadBalancerSourceRanges:
        yield Note(
            "LoadBalancerSourceRanges",
            f"{_list(was.loadBalancerSourceRanges)} -> {_list(is_.loadBalancerSourceRanges)}",
        )
    affinities = [(spec.sessionAffinity, spec.sessionAffinityConfig) for spec in (was, is_)]
    if _ports(was) != _ports(is_) or affinities[0] != affinities[1]:
        yield UNTOLD
    if was.loadBalancerIP != is_.loadBalancerIP:
        yield Note("LoadbalancerIP", f"{was.loadBalancerIP} -> {is_.loadBalancerIP}")
    yield from _external_ips(was, is_)
    if dict(old.metadata.annotations) != dict(new.metadata.annotations):
        yield UNTOLD
    if old.metadata.uid != new.metadata.uid:
        yield Note("UID", f"{old.metadata.uid} -> {new.metadata.uid}")
    if was.externalTrafficPolicy != is_.externalTrafficPolicy:
        yield Note("ExternalTrafficPolicy", f"{was.externalTrafficPolicy} -> {is_.externalTrafficPolicy}")
    if was.healthCheckNodePort != is_.healthCheckNodePort:
        yield Note("HealthCheckNodePort", f"{was.healthCheckNodePort} -> {is_.healthCheckNodePort}")
    if len(was.ipFamilies) != len(is_.ipFamilies):
        yield UNTOLD


def _external_ips(was: core_pb2.ServiceSpec, is_: core_pb2.ServiceSpec) -> Iterator[Note]:
    if len(was.externalIPs) != len(is_.externalIPs):
        yield Note("ExternalIP", f"Count: {len(was.externalIPs)} -> {len(is_.externalIPs)}")
        return
    pairs = zip(was.externalIPs, is_.externalIPs, strict=True)
    yield from (Note("ExternalIP", f"Added: {now}") for before, now in pairs if before != now)


def _ports(spec: core_pb2.ServiceSpec) -> list[bytes]:
    """Their order says nothing."""
    return sorted(port.SerializeToString(deterministic=True) for port in spec.ports)


def _list(texts: Iterable[str]) -> str:
    """As Go prints a list."""
    return f"[{' '.join(texts)}]"

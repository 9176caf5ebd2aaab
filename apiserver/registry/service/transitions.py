"""What an update of a Service carries over from before, and what a change of type drops."""

from apiserver.registry.service.facts import (
    EXTERNAL_NAME,
    LOAD_BALANCER,
    allocates_node_ports,
    is_externally_accessible,
    needs_cluster_ip,
    needs_health_check,
    needs_node_ports,
    same,
)
from protos.kubernetes.core_pb2 import Service
from protos.presence import drop_empty_values


def carry_allocated(new: Service, old: Service) -> None:
    """Copies allocated values that the client left out, so that a manifest without them can replace a Service."""
    spec, before = new.spec, old.spec
    if needs_cluster_ip(old) and needs_cluster_ip(new) and not spec.clusterIP and not spec.clusterIPs:
        spec.clusterIP = before.clusterIP
        spec.clusterIPs[:] = before.clusterIPs
    if needs_node_ports(old) and allocates_node_ports(new):
        _carry_node_ports(new, old)
    if needs_health_check(old) and needs_health_check(new) and not spec.healthCheckNodePort:
        spec.healthCheckNodePort = before.healthCheckNodePort


def _carry_node_ports(new: Service, old: Service) -> None:
    by_name = {port.name: port.nodePort for port in old.spec.ports}
    used = {port.nodePort for port in new.spec.ports}
    for port in new.spec.ports:
        known = by_name.get(port.name, 0)
        if not port.nodePort and known and known not in used:
            port.nodePort = known
            used.add(known)


def drop_type_dependent(new: Service, old: Service) -> None:
    """Clears what the new type has no use for, where the client left it as it was.

    A field that the client changed as well stays, and the rules refuse it.
    """
    spec, before = new.spec, old.spec
    if needs_cluster_ip(old) and not needs_cluster_ip(new):
        _drop_addresses(new, old)
    if needs_node_ports(old) and not needs_node_ports(new) and _adds_no_node_port(new, old):
        for port in spec.ports:
            port.nodePort = 0
    if needs_health_check(old) and not needs_health_check(new):
        _drop_same(new, old, "healthCheckNodePort")
    if before.type == LOAD_BALANCER and spec.type != LOAD_BALANCER:
        _drop_same(new, old, "allocateLoadBalancerNodePorts")
        _drop_same(new, old, "loadBalancerClass")
    if is_externally_accessible(old) and not is_externally_accessible(new):
        _drop_same(new, old, "externalTrafficPolicy")
    if spec.type == EXTERNAL_NAME and before.type != EXTERNAL_NAME:
        _drop_same(new, old, "internalTrafficPolicy")
    if spec.type != LOAD_BALANCER and new.status.HasField("loadBalancer"):
        new.status.ClearField("loadBalancer")
        drop_empty_values(new)


def _drop_addresses(new: Service, old: Service) -> None:
    spec, before = new.spec, old.spec
    if spec.clusterIP == before.clusterIP and same(spec.clusterIPs, before.clusterIPs):
        spec.clusterIP = ""
        del spec.clusterIPs[:]
    if same(spec.ipFamilies, before.ipFamilies):
        del spec.ipFamilies[:]
    _drop_same(new, old, "ipFamilyPolicy")


def _drop_same(new: Service, old: Service, name: str) -> None:
    if getattr(new.spec, name) == getattr(old.spec, name):
        new.spec.ClearField(name)  # type: ignore[arg-type]


def _adds_no_node_port(new: Service, old: Service) -> bool:
    known = {port.nodePort for port in old.spec.ports}
    return all(port.nodePort in known for port in new.spec.ports if port.nodePort)

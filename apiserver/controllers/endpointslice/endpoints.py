"""From pods to endpoints, as the EndpointSlice controller of Kubernetes sees them. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from protos.kubernetes import core_pb2, discovery_pb2

ZONE_LABEL = "topology.kubernetes.io/zone"


class Port(NamedTuple):
    """One port of a slice (discovery.v1 EndpointPort)."""

    name: str
    protocol: str
    port: int
    app_protocol: str | None


class Group(NamedTuple):
    """What all endpoints of one slice share."""

    address_type: str  # IPv4 or IPv6
    ports: frozenset[Port]


class EndpointKey(NamedTuple):
    """Which pod's which address an endpoint is."""

    uid: str
    address: str


Endpoints = dict[EndpointKey, discovery_pb2.Endpoint]


def key_of(endpoint: discovery_pb2.Endpoint) -> EndpointKey:
    """The identity of an endpoint that this controller wrote."""
    return EndpointKey(endpoint.targetRef.uid, endpoint.addresses[0] if endpoint.addresses else "")


def is_ready(pod: core_pb2.Pod) -> bool:
    """The pod's Ready condition is True."""
    return any(condition.type == "Ready" and condition.status == "True" for condition in pod.status.conditions)


def relevant_facts(pod: core_pb2.Pod) -> tuple[object, ...]:
    """What endpoints depend on: a change of anything else in a pod changes no slice."""
    return (
        pod.metadata.uid,
        dict(pod.metadata.labels),
        pod.metadata.HasField("deletionTimestamp"),
        pod.spec.nodeName,
        pod.spec.hostname,
        pod.spec.subdomain,
        pod.status.phase in ("Succeeded", "Failed"),
        [address.ip for address in pod.status.podIPs],
        is_ready(pod),
    )


def desired_endpoints(
    service: core_pb2.Service, pods: Iterable[core_pb2.Pod], nodes: Mapping[str, core_pb2.Node]
) -> dict[Group, Endpoints]:
    """The endpoints that a Service should have, by slice group; `pods` are those that its selector matches.

    A pod is left out without an address, when it has ended for good, and when its node is unknown (unless the Service
    publishes addresses that are not ready).
    """
    desired: dict[Group, Endpoints] = {}
    for pod in sorted(pods, key=lambda pod: pod.metadata.name):
        node = nodes.get(pod.spec.nodeName)
        if not _has_endpoints(pod) or (node is None and not service.spec.publishNotReadyAddresses):
            continue
        ports = frozenset(endpoint_ports(service, pod))
        for address in pod.status.podIPs:
            family = "IPv6" if ":" in address.ip else "IPv4"
            if family in service.spec.ipFamilies:
                group = desired.setdefault(Group(family, ports), {})
                group[EndpointKey(pod.metadata.uid, address.ip)] = _endpoint(service, pod, node, address.ip)
    return desired


def endpoint_ports(service: core_pb2.Service, pod: core_pb2.Pod) -> Iterator[Port]:
    """The ports of a Service on one pod; a named target port that the pod lacks is left out."""
    for port in service.spec.ports:
        number = port.targetPort.intVal if port.targetPort.type == 0 else _named_port(pod, port)
        if number:
            app_protocol = port.appProtocol if port.HasField("appProtocol") else None
            yield Port(port.name, port.protocol or "TCP", number, app_protocol)


def _named_port(pod: core_pb2.Pod, port: core_pb2.ServicePort) -> int:
    sidecars = [container for container in pod.spec.initContainers if container.restartPolicy == "Always"]
    for container in [*pod.spec.containers, *sidecars]:
        for candidate in container.ports:
            if candidate.name == port.targetPort.strVal and (candidate.protocol or "TCP") == (port.protocol or "TCP"):
                return candidate.containerPort
    return 0


def _has_endpoints(pod: core_pb2.Pod) -> bool:
    return pod.status.phase not in ("Succeeded", "Failed") and bool(pod.status.podIPs)


def _endpoint(
    service: core_pb2.Service, pod: core_pb2.Pod, node: core_pb2.Node | None, address: str
) -> discovery_pb2.Endpoint:
    serving, terminating = is_ready(pod), pod.metadata.HasField("deletionTimestamp")
    endpoint = discovery_pb2.Endpoint(
        addresses=[address],
        conditions=discovery_pb2.EndpointConditions(
            ready=service.spec.publishNotReadyAddresses or (serving and not terminating),
            serving=serving,
            terminating=terminating,
        ),
        targetRef=core_pb2.ObjectReference(
            kind="Pod", namespace=pod.metadata.namespace, name=pod.metadata.name, uid=pod.metadata.uid
        ),
    )
    if pod.spec.nodeName:
        endpoint.nodeName = pod.spec.nodeName
    if node is not None and ZONE_LABEL in node.metadata.labels:
        endpoint.zone = node.metadata.labels[ZONE_LABEL]
    if pod.spec.hostname and pod.spec.subdomain == service.metadata.name:
        endpoint.hostname = pod.spec.hostname
    return endpoint

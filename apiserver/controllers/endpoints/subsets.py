"""From pods to the subsets of an Endpoints object. Pure."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from protos.kubernetes import core_pb2

MAX_ADDRESSES = 1000


class Port(NamedTuple):
    """One port of a subset (core.v1 EndpointPort); `app_protocol` is "" where there is none."""

    name: str
    port: int
    protocol: str
    app_protocol: str


def desired_subsets(
    service: core_pb2.Service, pods: Iterable[core_pb2.Pod]
) -> tuple[list[core_pb2.EndpointSubset], bool]:
    """The subsets, one for each different list of ports, and whether addresses were left out (at most 1000 stay).

    Only addresses of the Service's first family take part. Terminating pods do only where the Service publishes
    addresses that are not ready.
    """
    addresses = [
        (pod, address)
        for pod in sorted(pods, key=lambda pod: pod.metadata.name)
        if _takes_part(service, pod) and (address := _address(service, pod)) is not None
    ]
    addresses.sort(key=lambda entry: not _counts_as_ready(service, entry[0]))  # the ready ones stay
    subsets: dict[tuple[Port, ...], core_pb2.EndpointSubset] = {}
    for pod, address in addresses[:MAX_ADDRESSES]:
        ports = tuple(sorted(_ports(service, pod)))
        if not ports and service.spec.ports:
            continue
        subset = subsets.setdefault(ports, core_pb2.EndpointSubset())
        ready = _counts_as_ready(service, pod)
        (subset.addresses if ready else subset.notReadyAddresses).append(address)
    for ports, subset in subsets.items():
        subset.addresses.sort(key=lambda address: address.ip)  # as text, as Kubernetes packs them
        subset.notReadyAddresses.sort(key=lambda address: address.ip)
        for port in ports:
            added = subset.ports.add(name=port.name, port=port.port, protocol=port.protocol)
            if port.app_protocol:
                added.appProtocol = port.app_protocol
    return [subsets[ports] for ports in sorted(subsets)], len(addresses) > MAX_ADDRESSES


def _takes_part(service: core_pb2.Service, pod: core_pb2.Pod) -> bool:
    terminating = pod.metadata.HasField("deletionTimestamp")
    return pod.status.phase not in ("Succeeded", "Failed") and (
        not terminating or service.spec.publishNotReadyAddresses
    )


def _counts_as_ready(service: core_pb2.Service, pod: core_pb2.Pod) -> bool:
    return service.spec.publishNotReadyAddresses or any(
        condition.type == "Ready" and condition.status == "True" for condition in pod.status.conditions
    )


def _address(service: core_pb2.Service, pod: core_pb2.Pod) -> core_pb2.EndpointAddress | None:
    wants_ipv6 = bool(service.spec.ipFamilies) and service.spec.ipFamilies[0] == "IPv6"
    ip = next((there.ip for there in pod.status.podIPs if (":" in there.ip) == wants_ipv6), None)
    if ip is None:
        return None
    meta = pod.metadata
    target = core_pb2.ObjectReference(kind="Pod", namespace=meta.namespace, name=meta.name, uid=meta.uid)
    address = core_pb2.EndpointAddress(ip=ip, targetRef=target)
    if pod.spec.nodeName:
        address.nodeName = pod.spec.nodeName
    if pod.spec.hostname and pod.spec.subdomain == service.metadata.name:
        address.hostname = pod.spec.hostname
    return address


def _ports(service: core_pb2.Service, pod: core_pb2.Pod) -> Iterator[Port]:
    for port in service.spec.ports:
        protocol = port.protocol or "TCP"
        number = port.targetPort.intVal
        if port.targetPort.type == 1:
            named = (there for container in pod.spec.containers for there in container.ports)
            wanted = (port.targetPort.strVal, protocol)
            number = next((it.containerPort for it in named if (it.name, it.protocol or "TCP") == wanted), 0)
        if number:
            yield Port(port.name, number, protocol, port.appProtocol)

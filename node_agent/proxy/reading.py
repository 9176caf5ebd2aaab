"""From the API's objects to the proxy's facts: the door where API objects end. Pure."""

from collections.abc import Iterator
from datetime import datetime
from ipaddress import ip_address, ip_network

from node_agent.proxy.facts import (
    Endpoint,
    NodeFacts,
    ServiceFacts,
    ServiceName,
    ServicePort,
    ServicePortName,
    SliceFacts,
)
from protos.addresses import canonical_address, canonical_cidr
from protos.kubernetes import core_pb2, discovery_pb2

SERVICE_NAME_LABEL = "kubernetes.io/service-name"
PROXY_NAME_LABEL = "service.kubernetes.io/service-proxy-name"
HEADLESS_LABEL = "service.kubernetes.io/headless"
ZONE_LABEL = "topology.kubernetes.io/zone"
TRIGGER_TIME_ANNOTATION = "endpoints.kubernetes.io/last-change-trigger-time"
AUTOSCALER_TAINT = "ToBeDeletedByClusterAutoscaler"


def service_facts(service: core_pb2.Service) -> ServiceFacts | None:
    """None where this proxy has nothing to do: headless, ExternalName, without address, or another proxy's."""
    spec = service.spec
    if spec.type == "ExternalName" or spec.clusterIP in ("", "None") or PROXY_NAME_LABEL in service.metadata.labels:
        return None
    ports = tuple(_service_port(service, port) for port in spec.ports)
    local = spec.type == "LoadBalancer" and spec.externalTrafficPolicy == "Local"
    return ServiceFacts(ports, spec.healthCheckNodePort if local else 0)


def _service_port(service: core_pb2.Service, port: core_pb2.ServicePort) -> ServicePort:
    spec, meta = service.spec, service.metadata
    sticky = spec.sessionAffinity == "ClientIP"
    return ServicePort(
        name=ServicePortName(ServiceName(meta.namespace, meta.name), port.name, port.protocol or "TCP"),
        cluster_ips=tuple(map(canonical_address, spec.clusterIPs or [spec.clusterIP])),
        port=port.port,
        node_port=port.nodePort if spec.type in ("NodePort", "LoadBalancer") else 0,
        external_ips=tuple(map(canonical_address, spec.externalIPs)),
        load_balancer_ips=tuple(_load_balancer_ips(service)),
        source_ranges=tuple(map(canonical_cidr, spec.loadBalancerSourceRanges)),
        internal_local=spec.internalTrafficPolicy == "Local",
        external_local=spec.externalTrafficPolicy == "Local",
        affinity_seconds=(spec.sessionAffinityConfig.clientIP.timeoutSeconds or 10800) if sticky else 0,
        created=meta.creationTimestamp.seconds,
    )


def _load_balancer_ips(service: core_pb2.Service) -> Iterator[str]:
    if service.spec.type == "LoadBalancer":
        for ingress in service.status.loadBalancer.ingress:
            if ingress.ip and ingress.ipMode in ("", "VIP"):
                yield canonical_address(ingress.ip)


def slice_facts(slice_: discovery_pb2.EndpointSlice) -> SliceFacts | None:
    """None for a slice that no proxied Service can use: without a Service's name, headless, FQDN, another proxy's."""
    labels = slice_.metadata.labels
    service = labels.get(SERVICE_NAME_LABEL, "")
    if not service or slice_.addressType == "FQDN" or HEADLESS_LABEL in labels or PROXY_NAME_LABEL in labels:
        return None
    addressed = [(ip, found) for found in slice_.endpoints if (ip := _first_ip(found))]
    endpoints = {
        (port.name, port.protocol or "TCP"): tuple(_endpoint(ip, found, port.port) for ip, found in addressed)
        for port in slice_.ports
        if port.port
    }
    return SliceFacts(ServiceName(slice_.metadata.namespace, service), endpoints)


def trigger_time(slice_: discovery_pb2.EndpointSlice) -> float | None:
    """When what changed the endpoints happened, in seconds since the epoch; None where the slice does not tell."""
    try:
        return datetime.fromisoformat(slice_.metadata.annotations.get(TRIGGER_TIME_ANNOTATION, "")).timestamp()
    except ValueError:
        return None


def _first_ip(found: discovery_pb2.Endpoint) -> str:
    """Consumers must use only the first of an endpoint's addresses."""
    return canonical_address(found.addresses[0]) if found.addresses else ""


def _endpoint(ip: str, found: discovery_pb2.Endpoint, port: int) -> Endpoint:
    """Conditions that are not said read as ready and serving, and as not terminating."""
    conditions = found.conditions
    ready = conditions.ready if conditions.HasField("ready") else True
    return Endpoint(
        ip=ip,
        port=port,
        ready=ready,
        serving=conditions.serving if conditions.HasField("serving") else ready,
        terminating=conditions.terminating,
        node=found.nodeName,
        zones=tuple(zone.name for zone in found.hints.forZones),
        nodes=tuple(node.name for node in found.hints.forNodes),
    )


def node_facts(
    node: core_pb2.Node, node_port_addresses: tuple[str, ...] = (), local: tuple[str, ...] = ()
) -> NodeFacts:
    """Node ports answer on the primary address of each family, or on those within `node_port_addresses` (CIDRs).

    `local`: addresses of the machine beside those that the Node tells of.
    """
    internal = [found.address for found in node.status.addresses if found.type == "InternalIP"]
    external = [found.address for found in node.status.addresses if found.type == "ExternalIP"]
    leaving = node.metadata.HasField("deletionTimestamp")
    return NodeFacts(
        name=node.metadata.name,
        addresses=_accepting([*internal, *external, *local], node_port_addresses),
        primary=_accepting([*internal, *external], ()) if node_port_addresses else (),
        pod_cidrs=tuple(node.spec.podCIDRs) or ((node.spec.podCIDR,) if node.spec.podCIDR else ()),
        zone=node.metadata.labels.get(ZONE_LABEL, ""),
        is_leaving=leaving or any(taint.key == AUTOSCALER_TAINT for taint in node.spec.taints),
    )


def _accepting(addresses: list[str], ranges: tuple[str, ...]) -> tuple[str, ...]:
    if ranges:
        networks = [ip_network(text) for text in ranges]
        return tuple(dict.fromkeys(a for a in addresses if any(ip_address(a) in network for network in networks)))
    primary = (next((a for a in addresses if (":" in a) == v6), "") for v6 in (False, True))
    return tuple(filter(None, primary))

"""Rules of a Service by itself; all broken ones are reported, not the first."""

from apiserver.registry.addresses import ADDRESS_TEXT, CIDR_TEXT, endpoint_faults
from apiserver.registry.field_errors import FieldError, forbidden, invalid, not_supported, required
from apiserver.registry.metadata import validate_labels
from apiserver.registry.service.address_rules import forbid_addresses, validate_addresses
from apiserver.registry.service.facts import (
    EXTERNAL_NAME,
    LOAD_BALANCER,
    NODE_PORT,
    NONE,
)
from apiserver.registry.service.port_rules import (
    validate_node_ports,
    validate_numbers,
    validate_ports,
    validate_presence,
    validate_public_ports,
)
from apiserver.registry.service.traffic_rules import (
    validate_distribution,
    validate_external_traffic,
    validate_internal_traffic,
)
from protos.addresses import parse_address, parse_cidr
from protos.kubernetes.core_pb2 import Service
from protos.labels import dns1123_subdomain_faults, qualified_name_faults

TYPES = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
_AFFINITIES = ("ClientIP", "None")
_LONGEST_AFFINITY = 86400  # seconds
_ONLY_LOAD_BALANCER = "may only be used when `type` is 'LoadBalancer'"
_TOPOLOGY_MODE = "service.kubernetes.io/topology-mode"
_TOPOLOGY_HINTS = "service.kubernetes.io/topology-aware-hints"
_SOURCE_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"


def validate_service(service: Service) -> list[FieldError]:
    """The rules of annotations and spec, in Kubernetes' order; metadata in general is another's."""
    rules = (
        _validate_annotations,
        validate_presence,
        _validate_kind,
        validate_ports,
        _validate_selector,
        _validate_affinity,
        validate_addresses,
        _validate_external_ips,
        _validate_type,
        validate_node_ports,
        validate_numbers,
        _validate_source_ranges,
        _validate_load_balancer,
        validate_external_traffic,
        validate_internal_traffic,
        validate_distribution,
    )
    return [error for rule in rules for error in rule(service)]


def _validate_annotations(service: Service) -> list[FieldError]:
    annotations = service.metadata.annotations
    if _TOPOLOGY_MODE in annotations and _TOPOLOGY_HINTS in annotations:
        mode = annotations[_TOPOLOGY_MODE]
        if mode != annotations[_TOPOLOGY_HINTS]:
            text = f"must match annotations[{_TOPOLOGY_HINTS}] when both are specified"
            return [invalid(f"metadata.annotations[{_TOPOLOGY_MODE}]", mode, text)]
    return []


def _validate_kind(service: Service) -> list[FieldError]:
    """What one type alone asks for."""
    spec = service.spec
    errors: list[FieldError] = []
    if spec.type in (LOAD_BALANCER, NODE_PORT) and spec.clusterIP == NONE:
        text = f"may not be set to 'None' for {spec.type} services"
        errors.append(invalid("spec.clusterIPs[0]", spec.clusterIP, text))
    if spec.type == LOAD_BALANCER:
        errors += validate_public_ports(service)
    if spec.type == EXTERNAL_NAME:
        errors += forbid_addresses(service) + _validate_external_name(spec.externalName)
    return errors


def _validate_type(service: Service) -> list[FieldError]:
    spec = service.spec
    if not spec.type:
        return [required("spec.type")]
    return [] if spec.type in TYPES else [not_supported("spec.type", spec.type, TYPES)]


def _validate_external_name(name: str) -> list[FieldError]:
    path, host = "spec.externalName", name.removesuffix(".")
    if not host:
        return [required(path)]
    return [invalid(path, host, fault) for fault in dns1123_subdomain_faults(host)]


def _validate_selector(service: Service) -> list[FieldError]:
    return validate_labels(service.spec.selector, "spec.selector")


def _validate_affinity(service: Service) -> list[FieldError]:
    spec, path = service.spec, "spec.sessionAffinityConfig"
    if not spec.sessionAffinity:
        return [required("spec.sessionAffinity")]
    if spec.sessionAffinity not in _AFFINITIES:
        return [not_supported("spec.sessionAffinity", spec.sessionAffinity, _AFFINITIES)]
    if spec.sessionAffinity == "None":
        text = "must not be set when session affinity is None"
        return [forbidden(path, text)] if spec.HasField("sessionAffinityConfig") else []
    needed = "when session affinity type is ClientIP"
    if not spec.HasField("sessionAffinityConfig"):
        return [required(path, needed)]
    if not spec.sessionAffinityConfig.HasField("clientIP"):
        return [required(f"{path}.clientIP", needed)]
    client = spec.sessionAffinityConfig.clientIP
    if not client.HasField("timeoutSeconds"):
        return [required(f"{path}.clientIP.timeoutSeconds", needed)]
    if not 0 < client.timeoutSeconds <= _LONGEST_AFFINITY:
        text = f"must be greater than 0 and less than {_LONGEST_AFFINITY}"
        return [invalid(f"{path}.clientIP.timeoutSeconds", client.timeoutSeconds, text)]
    return []


def _validate_external_ips(service: Service) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, text in enumerate(service.spec.externalIPs):
        path, address = f"spec.externalIPs[{index}]", parse_address(text)
        faults = [ADDRESS_TEXT] if address is None else endpoint_faults(address)
        errors += [invalid(path, text, fault) for fault in faults]
    return errors


def _validate_source_ranges(service: Service) -> list[FieldError]:
    # The capital L is Kubernetes' own.
    path, spec, annotations = "spec.LoadBalancerSourceRanges", service.spec, service.metadata.annotations
    if spec.loadBalancerSourceRanges:
        errors = [] if spec.type == LOAD_BALANCER else [forbidden(path, _ONLY_LOAD_BALANCER)]
        for index, text in enumerate(map(str.strip, spec.loadBalancerSourceRanges)):
            if parse_cidr(text) is None:
                errors.append(invalid(f"{path}[{index}]", text, CIDR_TEXT))
        return errors
    if _SOURCE_RANGES not in annotations:
        return []
    path, listed = f"metadata.annotations[{_SOURCE_RANGES}]", annotations[_SOURCE_RANGES].strip()
    errors = [] if spec.type == LOAD_BALANCER else [forbidden(path, _ONLY_LOAD_BALANCER)]
    ranges = map(str.strip, listed.split(",")) if listed else ()
    return errors + [invalid(path, text, CIDR_TEXT) for text in ranges if parse_cidr(text) is None]


def _validate_load_balancer(service: Service) -> list[FieldError]:
    spec = service.spec
    errors: list[FieldError] = []
    allocates = spec.HasField("allocateLoadBalancerNodePorts")
    if spec.type == LOAD_BALANCER and not allocates:
        errors.append(required("allocateLoadBalancerNodePorts"))
    if spec.type != LOAD_BALANCER and allocates:
        errors.append(forbidden("spec.allocateLoadBalancerNodePorts", _ONLY_LOAD_BALANCER))
    if spec.HasField("loadBalancerClass"):
        path, name = "spec.loadBalancerClass", spec.loadBalancerClass
        if spec.type == LOAD_BALANCER:
            errors += [invalid(path, name, fault) for fault in qualified_name_faults(name)]
        else:
            errors.append(forbidden(path, _ONLY_LOAD_BALANCER))
    return errors

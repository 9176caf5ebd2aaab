"""Rules of a Service's change, and of its status."""

from apiserver.registry.addresses import ADDRESS_TEXT
from apiserver.registry.field_errors import FieldError, forbidden, invalid, not_supported, required
from apiserver.registry.service.facts import (
    EXTERNAL_NAME,
    LOAD_BALANCER,
    SINGLE_STACK,
    is_headless,
    needs_health_check,
)
from protos.addresses import parse_address
from protos.kubernetes.core_pb2 import LoadBalancerIngress, Service
from protos.labels import dns1123_subdomain_faults

_UNCHANGEABLE = "may not change once set"


def validate_service_update(new: Service, old: Service) -> list[FieldError]:
    """What may not change from `old` to `new`."""
    errors: list[FieldError] = []
    if EXTERNAL_NAME not in (new.spec.type, old.spec.type):
        errors += _validate_addresses(new, old) + _validate_families(new, old)
    if new.spec.type == old.spec.type == LOAD_BALANCER and _class_of(new) != _class_of(old):
        errors.append(invalid("spec.loadBalancerClass", _class_of(new), _UNCHANGEABLE))
    if needs_health_check(new) and needs_health_check(old):
        before, after = old.spec.healthCheckNodePort, new.spec.healthCheckNodePort
        if before and before != after:
            errors.append(forbidden("spec.healthCheckNodePort", "field is immutable"))
    return errors


def _class_of(service: Service) -> str | None:
    return service.spec.loadBalancerClass if service.spec.HasField("loadBalancerClass") else None


def _validate_addresses(new: Service, old: Service) -> list[FieldError]:
    if is_headless(old) and is_headless(new):
        return []
    before, after = list(old.spec.clusterIPs), list(new.spec.clusterIPs)
    return _validate_pair("spec.clusterIPs", "clusterIP", before, after, new.spec.ipFamilyPolicy)


def _validate_families(new: Service, old: Service) -> list[FieldError]:
    if is_headless(old) or is_headless(new):
        return []  # a headless Service has no address that its families must fit
    before, after = list(old.spec.ipFamilies), list(new.spec.ipFamilies)
    return _validate_pair("spec.ipFamilies", "ipFamily", before, after, new.spec.ipFamilyPolicy)


def _validate_pair(path: str, noun: str, before: list[str], after: list[str], policy: str) -> list[FieldError]:
    """A primary stays, and a secondary too; one may be added, and released by a Service that becomes SingleStack."""
    if before and not after:
        return [invalid(f"{path}[0]", after, f"primary {noun} can not be unset")]
    errors = [
        invalid(f"{path}[{index}]", after, _UNCHANGEABLE)
        for index, (was, now) in enumerate(zip(before, after, strict=False))
        if was != now
    ]
    if len(after) < len(before) and policy != SINGLE_STACK:
        text = f"must be set to 'SingleStack' when releasing the secondary {noun}"
        errors.append(invalid("spec.ipFamilyPolicy", policy, text))
    return errors


def validate_service_status(service: Service) -> list[FieldError]:
    """Rules of status.loadBalancer."""
    path = "status.loadBalancer.ingress"
    ingress = service.status.loadBalancer.ingress
    if ingress and service.spec.type != LOAD_BALANCER:
        return [forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")]
    errors: list[FieldError] = []
    for index, each in enumerate(ingress):
        errors += _validate_ingress(each, f"{path}[{index}]")
    return errors


def _validate_ingress(ingress: LoadBalancerIngress, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if ingress.ip and parse_address(ingress.ip) is None:
        errors.append(invalid(f"{path}.ip", ingress.ip, ADDRESS_TEXT))
    if not ingress.HasField("ipMode"):
        if ingress.ip:
            errors.append(required(f"{path}.ipMode", "must be specified when `ip` is set"))
    elif not ingress.ip:
        errors.append(forbidden(f"{path}.ipMode", "may not be specified when `ip` is not set"))
    elif ingress.ipMode not in ("VIP", "Proxy"):
        errors.append(not_supported(f"{path}.ipMode", ingress.ipMode, ("VIP", "Proxy")))
    if ingress.hostname:
        name = f"{path}.hostname"
        errors += [invalid(name, ingress.hostname, fault) for fault in dns1123_subdomain_faults(ingress.hostname)]
        if parse_address(ingress.hostname) is not None:
            errors.append(invalid(name, ingress.hostname, "must be a DNS name, not an IP address"))
    return errors

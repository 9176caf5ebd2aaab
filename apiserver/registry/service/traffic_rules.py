"""Rules of the fields that say which endpoints traffic goes to."""

from apiserver.registry.field_errors import FieldError, invalid, not_supported, required
from apiserver.registry.service.facts import PROXIED, is_externally_accessible, needs_health_check
from apiserver.registry.service.port_rules import PORT_TEXT
from protos.kubernetes.core_pb2 import Service

DISTRIBUTIONS = ("PreferClose", "PreferSameZone", "PreferSameNode")
_POLICIES = ("Cluster", "Local")


def validate_external_traffic(service: Service) -> list[FieldError]:
    """externalTrafficPolicy, and the health check node port that comes with Local."""
    spec, path = service.spec, "spec.externalTrafficPolicy"
    errors: list[FieldError] = []
    if not is_externally_accessible(service):
        if spec.externalTrafficPolicy:
            text = "may only be set for externally-accessible services"
            errors.append(invalid(path, spec.externalTrafficPolicy, text))
    elif not spec.externalTrafficPolicy:
        errors.append(required(path))
    elif spec.externalTrafficPolicy not in _POLICIES:
        errors.append(not_supported(path, spec.externalTrafficPolicy, _POLICIES))
    return errors + _validate_health_check(service)


def _validate_health_check(service: Service) -> list[FieldError]:
    path, port = "spec.healthCheckNodePort", service.spec.healthCheckNodePort
    if not needs_health_check(service):
        text = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        return [invalid(path, port, text)] if port else []
    if not port:
        return [required(path)]
    return [] if 1 <= port <= 65535 else [invalid(path, port, PORT_TEXT)]


def validate_internal_traffic(service: Service) -> list[FieldError]:
    """internalTrafficPolicy."""
    spec, path = service.spec, "spec.internalTrafficPolicy"
    if not spec.HasField("internalTrafficPolicy"):
        return [required(path)] if spec.type in PROXIED else []
    if spec.internalTrafficPolicy not in _POLICIES:
        return [not_supported(path, spec.internalTrafficPolicy, _POLICIES)]
    return []


def validate_distribution(service: Service) -> list[FieldError]:
    """trafficDistribution."""
    spec = service.spec
    if spec.HasField("trafficDistribution") and spec.trafficDistribution not in DISTRIBUTIONS:
        return [not_supported("spec.trafficDistribution", spec.trafficDistribution, DISTRIBUTIONS)]
    return []

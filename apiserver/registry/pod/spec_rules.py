"""Rules of a Pod by itself; all broken ones are reported, not the first."""

from collections.abc import Sequence

from apiserver.registry.addresses import ADDRESS_TEXT
from apiserver.registry.field_errors import FieldError, duplicate, forbidden, invalid, not_supported, required
from apiserver.registry.metadata import validate_labels
from apiserver.registry.pod.container_rules import validate_containers
from apiserver.registry.pod.probe_rules import NOT_NEGATIVE
from protos.addresses import parse_address
from protos.kubernetes import core_pb2 as core
from protos.labels import dns1123_label_faults, dns1123_subdomain_faults, qualified_name_faults

_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_MOST_NAMESERVERS = 3
_MOST_SECONDS = 2**31 - 1


def validate_pod(pod: core.Pod) -> list[FieldError]:
    """The rules of spec; metadata is another's."""
    spec = pod.spec
    volumes = {volume.name for volume in spec.volumes}
    errors = _validate_volumes(spec.volumes)
    if not spec.containers:
        errors.append(required("spec.containers"))
    errors += validate_containers(spec.containers, "spec.containers", volumes)
    names = {container.name for container in spec.containers}
    errors += validate_containers(spec.initContainers, "spec.initContainers", volumes, names)
    errors += _validate_policies(spec)
    errors += _validate_names(spec)
    errors += validate_labels(spec.nodeSelector, "spec.nodeSelector")
    errors += validate_tolerations(spec.tolerations, "spec.tolerations")
    return errors + _validate_hosts(spec)


def _validate_volumes(volumes: Sequence[core.Volume]) -> list[FieldError]:
    errors: list[FieldError] = []
    names: set[str] = set()
    for index, volume in enumerate(volumes):
        path = f"spec.volumes[{index}]"
        sources = [descriptor.name for descriptor, _ in volume.volumeSource.ListFields()]
        if not sources:
            errors.append(required(path, "must specify a volume type"))
        for name in sources[1:]:
            errors.append(forbidden(f"{path}.{name}", "may not specify more than 1 volume type"))
        if not volume.name:
            errors.append(required(f"{path}.name"))
        else:
            errors += [invalid(f"{path}.name", volume.name, fault) for fault in dns1123_label_faults(volume.name)]
        if volume.name in names:
            errors.append(duplicate(f"{path}.name", volume.name))
        names.add(volume.name)
    return errors


def _validate_policies(spec: core.PodSpec) -> list[FieldError]:
    errors: list[FieldError] = []
    if spec.restartPolicy not in _RESTART_POLICIES:
        errors.append(not_supported("spec.restartPolicy", spec.restartPolicy, _RESTART_POLICIES))
    if spec.dnsPolicy not in _DNS_POLICIES:
        errors.append(not_supported("spec.dnsPolicy", spec.dnsPolicy, _DNS_POLICIES))
    errors += _validate_dns_config(spec)
    grace, deadline = spec.terminationGracePeriodSeconds, spec.activeDeadlineSeconds
    if grace < 0:
        errors.append(invalid("spec.terminationGracePeriodSeconds", grace, NOT_NEGATIVE))
    if spec.HasField("activeDeadlineSeconds") and not 1 <= deadline <= _MOST_SECONDS:
        text = f"must be between 1 and {_MOST_SECONDS}, inclusive"
        errors.append(invalid("spec.activeDeadlineSeconds", deadline, text))
    return errors


def _validate_dns_config(spec: core.PodSpec) -> list[FieldError]:
    path, nameservers = "spec.dnsConfig.nameservers", spec.dnsConfig.nameservers
    errors: list[FieldError] = []
    if spec.dnsPolicy == "None" and not nameservers:
        text = 'must provide at least one DNS nameserver when `dnsPolicy` is "None"'
        errors.append(required(path if spec.HasField("dnsConfig") else "spec.dnsConfig", text))
    if len(nameservers) > _MOST_NAMESERVERS:
        text = f"must not have more than {_MOST_NAMESERVERS} nameservers"
        errors.append(invalid(path, nameservers, text))
    for index, text in enumerate(nameservers):
        if parse_address(text) is None:
            errors.append(invalid(f"{path}[{index}]", text, ADDRESS_TEXT))
    return errors


def _validate_names(spec: core.PodSpec) -> list[FieldError]:
    errors: list[FieldError] = []
    for name in ("hostname", "subdomain"):
        if value := getattr(spec, name):
            errors += [invalid(f"spec.{name}", value, fault) for fault in dns1123_label_faults(value)]
    for name in ("nodeName", "serviceAccountName"):
        if value := getattr(spec, name):
            errors += [invalid(f"spec.{name}", value, fault) for fault in dns1123_subdomain_faults(value)]
    for index, gate in enumerate(spec.readinessGates):
        path = f"spec.readinessGates[{index}].conditionType"
        errors += [invalid(path, gate.conditionType, fault) for fault in qualified_name_faults(gate.conditionType)]
    return errors


def validate_tolerations(tolerations: Sequence[core.Toleration], path: str) -> list[FieldError]:
    """Rules of tolerations: Exists has no value, an empty key needs it, seconds are for NoExecute."""
    errors: list[FieldError] = []
    for index, each in enumerate(tolerations):
        at = f"{path}[{index}]"
        if each.key:
            errors += [invalid(f"{at}.key", each.key, fault) for fault in qualified_name_faults(each.key)]
        elif each.operator != "Exists":
            text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            errors.append(invalid(f"{at}.operator", each.operator, text))
        if each.operator not in ("", "Equal", "Exists"):
            errors.append(not_supported(f"{at}.operator", each.operator, ("Equal", "Exists")))
        elif each.operator == "Exists" and each.value:
            errors.append(invalid(f"{at}.operator", each.value, "value must be empty when `operator` is 'Exists'"))
        if each.HasField("tolerationSeconds") and each.effect != "NoExecute":
            text = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            errors.append(invalid(f"{at}.effect", each.effect, text))
        elif each.effect and each.effect not in _EFFECTS:
            errors.append(not_supported(f"{at}.effect", each.effect, _EFFECTS))
    return errors


def _validate_hosts(spec: core.PodSpec) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, alias in enumerate(spec.hostAliases):
        path = f"spec.hostAliases[{index}]"
        if parse_address(alias.ip) is None:
            errors.append(invalid(f"{path}.ip", alias.ip, ADDRESS_TEXT))
        for name in alias.hostnames:
            errors += [invalid(f"{path}.hostnames", name, fault) for fault in dns1123_subdomain_faults(name)]
    if spec.hostNetwork:
        errors += _validate_host_ports(spec)
    return errors


def _validate_host_ports(spec: core.PodSpec) -> list[FieldError]:
    """On the host's network a port is the host's."""
    return [
        invalid(
            f"spec.containers[{index}].ports[{number}].containerPort",
            port.containerPort,
            "must match `hostPort` when `hostNetwork` is true",
        )
        for index, container in enumerate(spec.containers)
        for number, port in enumerate(container.ports)
        if port.hostPort != port.containerPort
    ]

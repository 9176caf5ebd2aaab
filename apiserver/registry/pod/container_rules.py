"""Rules of a Pod's containers."""

from collections.abc import Sequence, Set

from apiserver.registry.field_errors import FieldError, duplicate, invalid, not_found, not_supported, required
from apiserver.registry.pod.probe_rules import validate_handler, validate_probe
from apiserver.registry.service.port_rules import PORT_TEXT, validate_protocol
from protos import quantities
from protos.kubernetes import core_pb2 as core
from protos.labels import dns1123_label_faults, env_name_faults, port_name_faults, qualified_name_faults

_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")


def validate_containers(
    containers: Sequence[core.Container], path: str, volumes: Set[str], taken: Set[str] = frozenset()
) -> list[FieldError]:
    """Each container, and that no two share a name; `taken`: names of the Pod's other containers."""
    errors: list[FieldError] = []
    names = set(taken)
    for index, container in enumerate(containers):
        at = f"{path}[{index}]"
        if container.name in names and container.name:
            errors.append(duplicate(f"{at}.name", container.name))
        names.add(container.name)
        errors += _validate_container(container, at, volumes)
    return errors


def _validate_container(container: core.Container, path: str, volumes: Set[str]) -> list[FieldError]:
    errors: list[FieldError] = []
    if not container.name:
        errors.append(required(f"{path}.name"))
    else:
        errors += [invalid(f"{path}.name", container.name, fault) for fault in dns1123_label_faults(container.name)]
    if not container.image.strip():
        errors.append(required(f"{path}.image"))
    elif container.image != container.image.strip():
        text = "must not have leading or trailing whitespace"
        errors.append(invalid(f"{path}.image", container.image, text))
    for name, value, allowed in (
        ("imagePullPolicy", container.imagePullPolicy, _PULL_POLICIES),
        ("terminationMessagePolicy", container.terminationMessagePolicy, _MESSAGE_POLICIES),
    ):
        if value not in allowed:
            errors.append(not_supported(f"{path}.{name}", value, allowed))
    errors += _validate_ports(container.ports, f"{path}.ports")
    errors += _validate_env(container.env, f"{path}.env")
    errors += _validate_mounts(container.volumeMounts, f"{path}.volumeMounts", volumes)
    errors += validate_resources(container.resources, f"{path}.resources")
    return errors + _validate_probes(container, path)


def _validate_ports(ports: Sequence[core.ContainerPort], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    names: set[str] = set()
    for index, port in enumerate(ports):
        at = f"{path}[{index}]"
        if port.name:
            errors += [invalid(f"{at}.name", port.name, fault) for fault in port_name_faults(port.name)]
            if port.name in names:
                errors.append(duplicate(f"{at}.name", port.name))
            names.add(port.name)
        if not port.containerPort:
            errors.append(required(f"{at}.containerPort"))
        elif not 1 <= port.containerPort <= 65535:
            errors.append(invalid(f"{at}.containerPort", port.containerPort, PORT_TEXT))
        if port.hostPort and not 1 <= port.hostPort <= 65535:
            errors.append(invalid(f"{at}.hostPort", port.hostPort, PORT_TEXT))
        errors += validate_protocol(port.protocol, f"{at}.protocol")
    return errors


def _validate_env(env: Sequence[core.EnvVar], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, variable in enumerate(env):
        at = f"{path}[{index}]"
        if not variable.name:
            errors.append(required(f"{at}.name"))
        else:
            errors += [invalid(f"{at}.name", variable.name, fault) for fault in env_name_faults(variable.name)]
        if not variable.HasField("valueFrom"):
            continue
        sources = len(variable.valueFrom.ListFields())
        if sources == 0:
            text = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
            errors.append(invalid(f"{at}.valueFrom", "", text))
        elif variable.value:
            errors.append(invalid(f"{at}.valueFrom", "", "may not be specified when `value` is not empty"))
        elif sources > 1:
            errors.append(invalid(f"{at}.valueFrom", "", "may not have more than one field specified at a time"))
    return errors


def _validate_mounts(mounts: Sequence[core.VolumeMount], path: str, volumes: Set[str]) -> list[FieldError]:
    errors: list[FieldError] = []
    mounted: set[str] = set()
    for index, mount in enumerate(mounts):
        at = f"{path}[{index}]"
        if not mount.name:
            errors.append(required(f"{at}.name"))
        elif mount.name not in volumes:
            errors.append(not_found(f"{at}.name", mount.name))
        if not mount.mountPath:
            errors.append(required(f"{at}.mountPath"))
        elif mount.mountPath in mounted:
            errors.append(invalid(f"{at}.mountPath", mount.mountPath, "must be unique"))
        mounted.add(mount.mountPath)
        if ".." in mount.subPath.split("/"):
            errors.append(invalid(f"{at}.subPath", mount.subPath, "must not contain '..'"))
    return errors


def validate_resources(resources: core.ResourceRequirements, path: str) -> list[FieldError]:
    """Amounts that are quantities and not negative; no request beyond its limit."""
    errors: list[FieldError] = []
    for kind, amounts in (("limits", resources.limits), ("requests", resources.requests)):
        for name in sorted(amounts):
            errors += [invalid(f"{path}.{kind}[{name}]", name, fault) for fault in qualified_name_faults(name)]
            errors += _validate_amount(amounts[name].string, f"{path}.{kind}[{name}]")
    if errors:
        return errors
    for name in sorted(set(resources.requests) & set(resources.limits)):
        request, limit = resources.requests[name].string, resources.limits[name].string
        if quantities.parse(request) > quantities.parse(limit):
            text = f"must be less than or equal to {name} limit of {limit}"
            errors.append(invalid(f"{path}.requests", request, text))
    return errors


def _validate_amount(amount: str, path: str) -> list[FieldError]:
    try:
        negative = quantities.parse(amount) < 0
    except ValueError as error:
        return [invalid(path, amount, str(error))]
    return [invalid(path, amount, "must be greater than or equal to 0")] if negative else []


def _validate_probes(container: core.Container, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for name, once in (("livenessProbe", True), ("readinessProbe", False), ("startupProbe", True)):
        if container.HasField(name):  # type: ignore[arg-type]
            errors += validate_probe(getattr(container, name), f"{path}.{name}", once=once)
    for name in ("postStart", "preStop"):
        if container.lifecycle.HasField(name):  # type: ignore[arg-type]
            errors += validate_handler(getattr(container.lifecycle, name), f"{path}.lifecycle.{name}")
    return errors

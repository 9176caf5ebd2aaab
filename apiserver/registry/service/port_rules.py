"""Rules of a Service's ports, in groups that stand in Kubernetes' order in spec_rules.py."""

from collections.abc import Iterator, Sequence

from apiserver.registry.field_errors import FieldError, duplicate, forbidden, invalid, not_supported, required
from apiserver.registry.service.facts import CLUSTER_IP, EXTERNAL_NAME, is_headless
from protos.kubernetes.core_pb2 import Service, ServicePort
from protos.kubernetes.meta_pb2 import IntOrString
from protos.labels import dns1123_label_faults, port_name_faults, qualified_name_faults

PROTOCOLS = ("TCP", "UDP", "SCTP")
PORT_TEXT = "must be between 1 and 65535, inclusive"
_KUBELET_PORT = 10250


def validate_presence(service: Service) -> list[FieldError]:
    """A Service has ports, unless its name is all that it is."""
    spec = service.spec
    needed = not is_headless(service) and spec.type != EXTERNAL_NAME
    return [required("spec.ports")] if needed and not spec.ports else []


def validate_public_ports(service: Service) -> list[FieldError]:
    """What a load balancer may not expose."""
    text = "may not expose port 10250 externally since it is used by kubelet"
    return [
        invalid(f"spec.ports[{index}]", port.port, text)
        for index, port in enumerate(service.spec.ports)
        if port.port == _KUBELET_PORT
    ]


def validate_ports(service: Service) -> list[FieldError]:
    """Each port by itself, but for its node port."""
    ports = service.spec.ports
    errors: list[FieldError] = []
    names: set[str] = set()
    for index, port in enumerate(ports):
        path = f"spec.ports[{index}]"
        errors += _validate_name(port, path, names, needed=len(ports) > 1)
        errors += _validate_port(port, path)
    return errors


def _validate_name(port: ServicePort, path: str, names: set[str], *, needed: bool) -> list[FieldError]:
    if not port.name:
        return [required(f"{path}.name")] if needed else []
    errors = [invalid(f"{path}.name", port.name, fault) for fault in dns1123_label_faults(port.name)]
    if port.name in names:
        errors.append(duplicate(f"{path}.name", port.name))
    names.add(port.name)
    return errors


def _validate_port(port: ServicePort, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if not 1 <= port.port <= 65535:
        errors.append(invalid(f"{path}.port", port.port, PORT_TEXT))
    errors += validate_protocol(port.protocol, f"{path}.protocol")
    errors += validate_target(port.targetPort, f"{path}.targetPort")
    if port.HasField("appProtocol"):
        faults = qualified_name_faults(port.appProtocol)
        errors += [invalid(f"{path}.appProtocol", port.appProtocol, fault) for fault in faults]
    return errors


def validate_protocol(protocol: str, path: str) -> list[FieldError]:
    """TCP, UDP or SCTP."""
    if not protocol:
        return [required(path)]
    return [] if protocol in PROTOCOLS else [not_supported(path, protocol, PROTOCOLS)]


def validate_target(target: IntOrString, path: str) -> list[FieldError]:
    """A port number, or the name of a container's port."""
    if target.type == 1:
        return [invalid(path, target.strVal, fault) for fault in port_name_faults(target.strVal)]
    return [] if 1 <= target.intVal <= 65535 else [invalid(path, target.intVal, PORT_TEXT)]


def validate_node_ports(service: Service) -> list[FieldError]:
    """None for a ClusterIP, and one for each protocol and number."""
    ports = service.spec.ports
    errors: list[FieldError] = []
    if service.spec.type == CLUSTER_IP:
        text = "may not be used when `type` is 'ClusterIP'"
        errors += [forbidden(_node_port(index), text) for index, port in enumerate(ports) if port.nodePort]
    numbers = [(port.protocol, port.nodePort) for port in ports]
    return errors + [
        duplicate(_node_port(index), ports[index].nodePort) for index in _repeated(numbers) if numbers[index][1]
    ]


def _node_port(index: int) -> str:
    return f"spec.ports[{index}].nodePort"


def validate_numbers(service: Service) -> list[FieldError]:
    """One port for each protocol and number."""
    numbers = [(port.protocol, port.port) for port in service.spec.ports]
    return [
        duplicate(f"spec.ports[{index}]", {"port": numbers[index][1], "protocol": numbers[index][0]})
        for index in _repeated(numbers)
    ]


def _repeated(values: Sequence[tuple[str, int]]) -> Iterator[int]:
    """Where a value stands that has stood before."""
    seen: set[tuple[str, int]] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield index
        seen.add(value)

"""Rules of a Service's ports."""

from apiserver.registry.field_errors import FieldError, duplicate, forbidden, invalid, not_supported, required
from apiserver.registry.service.facts import CLUSTER_IP, EXTERNAL_NAME, LOAD_BALANCER, is_headless
from protos.kubernetes.core_pb2 import Service, ServicePort
from protos.kubernetes.meta_pb2 import IntOrString
from protos.labels import dns1123_label_faults, port_name_faults, qualified_name_faults

PROTOCOLS = ("TCP", "UDP", "SCTP")
PORT_TEXT = "must be between 1 and 65535, inclusive"
_KUBELET_PORT = 10250


def validate_ports(service: Service) -> list[FieldError]:
    """Each port by itself, and all together."""
    spec = service.spec
    errors: list[FieldError] = []
    if not spec.ports and not is_headless(service) and spec.type != EXTERNAL_NAME:
        errors.append(required("spec.ports"))
    names: set[str] = set()
    for index, port in enumerate(spec.ports):
        path = f"spec.ports[{index}]"
        errors += _validate_name(port, path, names, needed=len(spec.ports) > 1)
        errors += _validate_port(port, path)
        if spec.type == LOAD_BALANCER and port.port == _KUBELET_PORT:
            text = "may not expose port 10250 externally since it is used by kubelet"
            errors.append(invalid(path, port.port, text))
        if spec.type == CLUSTER_IP and port.nodePort:
            errors.append(forbidden(f"{path}.nodePort", "may not be used when `type` is 'ClusterIP'"))
    return errors + _validate_unique(service)


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


def _validate_unique(service: Service) -> list[FieldError]:
    """One port number and one node port for each protocol."""
    errors: list[FieldError] = []
    numbers: set[tuple[str, int]] = set()
    node_ports: set[tuple[str, int]] = set()
    for index, port in enumerate(service.spec.ports):
        path = f"spec.ports[{index}]"
        if port.nodePort:
            if (port.protocol, port.nodePort) in node_ports:
                errors.append(duplicate(f"{path}.nodePort", port.nodePort))
            node_ports.add((port.protocol, port.nodePort))
        if (port.protocol, port.port) in numbers:
            errors.append(duplicate(path, {"port": port.port, "protocol": port.protocol}))
        numbers.add((port.protocol, port.port))
    return errors

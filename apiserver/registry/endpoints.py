"""Endpoints, the older form of EndpointSlices: defaults and rules."""

from apiserver.registry.addresses import ADDRESS_TEXT, endpoint_faults
from apiserver.registry.field_errors import FieldError, invalid, required
from apiserver.registry.service.port_rules import PORT_TEXT, validate_protocol
from apiserver.registry.strategy import Strategy
from protos.addresses import parse_address
from protos.kinds import ENDPOINTS
from protos.kubernetes.core_pb2 import EndpointAddress, EndpointPort, Endpoints, EndpointSubset
from protos.labels import dns1123_label_faults, dns1123_subdomain_faults, qualified_name_faults


class EndpointsStrategy(Strategy):
    """Endpoints are written by hand, for Services without a selector."""

    def __init__(self) -> None:
        super().__init__(ENDPOINTS)

    def default(self, new: Endpoints) -> None:
        for subset in new.subsets:
            for port in subset.ports:
                port.protocol = port.protocol or "TCP"

    def validate(self, new: Endpoints) -> list[FieldError]:
        return [
            error for index, subset in enumerate(new.subsets) for error in _validate_subset(subset, f"subsets[{index}]")
        ]

    def warnings(self, new: Endpoints, old: Endpoints | None) -> list[str]:
        return ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"]


def _validate_subset(subset: EndpointSubset, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if not subset.addresses and not subset.notReadyAddresses:
        errors.append(required(path, "must specify `addresses` or `notReadyAddresses`"))
    for name in ("addresses", "notReadyAddresses"):
        for index, address in enumerate(getattr(subset, name)):
            errors += _validate_address(address, f"{path}.{name}[{index}]")
    for index, port in enumerate(subset.ports):
        errors += _validate_port(port, f"{path}.ports[{index}]", named=len(subset.ports) > 1)
    return errors


def _validate_address(address: EndpointAddress, path: str) -> list[FieldError]:
    parsed = parse_address(address.ip)
    faults = [ADDRESS_TEXT] if parsed is None else endpoint_faults(parsed)
    errors = [invalid(f"{path}.ip", address.ip, fault) for fault in faults]
    if address.hostname:
        hostname = address.hostname
        errors += [invalid(f"{path}.hostname", hostname, fault) for fault in dns1123_label_faults(hostname)]
    if address.HasField("nodeName"):
        name = address.nodeName
        errors += [invalid(f"{path}.nodeName", name, fault) for fault in dns1123_subdomain_faults(name)]
    return errors


def _validate_port(port: EndpointPort, path: str, *, named: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    if named and not port.name:
        errors.append(required(f"{path}.name"))
    elif port.name:
        errors += [invalid(f"{path}.name", port.name, fault) for fault in dns1123_label_faults(port.name)]
    if not 1 <= port.port <= 65535:
        errors.append(invalid(f"{path}.port", port.port, PORT_TEXT))
    errors += validate_protocol(port.protocol, f"{path}.protocol")
    if port.HasField("appProtocol"):
        faults = qualified_name_faults(port.appProtocol)
        errors += [invalid(f"{path}.appProtocol", port.appProtocol, fault) for fault in faults]
    return errors

"""EndpointSlices: defaults and rules."""

from collections.abc import Sequence
from functools import lru_cache

from apiserver.registry.addresses import endpoint_faults, family
from apiserver.registry.field_errors import (
    FieldError,
    duplicate,
    invalid,
    not_supported,
    required,
    too_many,
)
from apiserver.registry.service.port_rules import PORT_TEXT, PROTOCOLS
from apiserver.registry.strategy import Strategy
from protos.addresses import parse_address
from protos.kinds import ENDPOINT_SLICES
from protos.kubernetes.discovery_pb2 import Endpoint, EndpointHints, EndpointPort, EndpointSlice
from protos.labels import dns1123_label_faults, dns1123_subdomain_faults, label_value_faults, qualified_name_faults

_ADDRESS_TYPES = ("IPv4", "IPv6", "FQDN")
_MOST_ENDPOINTS = 1000
_MOST_ADDRESSES = 100
_MOST_PORTS = 20000  # the documentation says 100, but Kubernetes takes so many, and Services may have them
_MOST_HINTS = 8


class EndpointSliceStrategy(Strategy):
    """EndpointSlices; `metadata.generation` counts changes of anything but metadata."""

    def __init__(self) -> None:
        super().__init__(ENDPOINT_SLICES)

    def default(self, new: EndpointSlice) -> None:
        for port in new.ports:
            if not port.HasField("name"):
                port.name = ""
            if not port.HasField("protocol"):
                port.protocol = "TCP"

    def prepare_create(self, new: EndpointSlice) -> None:
        new.metadata.generation = 1

    def prepare_update(self, new: EndpointSlice, old: EndpointSlice) -> None:
        if new.endpoints != old.endpoints or new.ports != old.ports or new.addressType != old.addressType:
            new.metadata.generation = old.metadata.generation + 1

    def validate(self, new: EndpointSlice) -> list[FieldError]:
        errors: list[FieldError] = []
        if not new.addressType:
            errors.append(required("addressType"))
        elif new.addressType not in _ADDRESS_TYPES:
            errors.append(not_supported("addressType", new.addressType, _ADDRESS_TYPES))
        if len(new.endpoints) > _MOST_ENDPOINTS:
            return [*errors, too_many("endpoints", len(new.endpoints), _MOST_ENDPOINTS)]
        for index, endpoint in enumerate(new.endpoints):
            if not _is_valid(endpoint.SerializeToString(deterministic=True), new.addressType):
                errors += _validate_endpoint(endpoint, new.addressType, f"endpoints[{index}]")
        return errors + _validate_ports(new.ports)

    def validate_update(self, new: EndpointSlice, old: EndpointSlice) -> list[FieldError]:
        if new.addressType != old.addressType:
            return [invalid("addressType", new.addressType, "field is immutable")]
        return []


@lru_cache(maxsize=8192)
def _is_valid(encoded: bytes, address_type: str) -> bool:
    """Remembered, because a slice is written again and again with nearly the same endpoints."""
    return not _validate_endpoint(Endpoint.FromString(encoded), address_type, "")


def _validate_endpoint(endpoint: Endpoint, address_type: str, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    addresses = endpoint.addresses
    if not addresses:
        errors.append(required(f"{path}.addresses", "must contain at least 1 address"))
    elif len(addresses) > _MOST_ADDRESSES:
        errors.append(too_many(f"{path}.addresses", len(addresses), _MOST_ADDRESSES))
    for index, text in enumerate(addresses):
        faults = _address_faults(text, address_type)
        errors += [invalid(f"{path}.addresses[{index}]", text, fault) for fault in faults]
    if endpoint.HasField("nodeName"):
        name = endpoint.nodeName
        errors += [invalid(f"{path}.nodeName", name, fault) for fault in dns1123_subdomain_faults(name)]
    if endpoint.HasField("zone"):
        errors += [invalid(f"{path}.zone", endpoint.zone, fault) for fault in label_value_faults(endpoint.zone)]
    if endpoint.HasField("hostname"):
        name = endpoint.hostname
        errors += [invalid(f"{path}.hostname", name, fault) for fault in dns1123_label_faults(name)]
    return errors + (_validate_hints(endpoint.hints, f"{path}.hints") if endpoint.HasField("hints") else [])


def _address_faults(text: str, address_type: str) -> list[str]:
    if address_type == "FQDN":
        return dns1123_subdomain_faults(text.removesuffix("."))
    if address_type not in _ADDRESS_TYPES:
        return []
    address = parse_address(text)
    if address is None or family(address) != address_type:
        return [f"must be a valid {address_type} address"]
    return endpoint_faults(address)


def _validate_hints(hints: EndpointHints, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for name, entries, faults_of in (
        ("forZones", [zone.name for zone in hints.forZones], label_value_faults),
        ("forNodes", [node.name for node in hints.forNodes], dns1123_subdomain_faults),
    ):
        if len(entries) > _MOST_HINTS:
            errors.append(too_many(f"{path}.{name}", len(entries), _MOST_HINTS))
        for index, entry in enumerate(entries):
            at = f"{path}.{name}[{index}].name"
            if entry in entries[:index]:
                errors.append(duplicate(at, entry))
            errors += [invalid(at, entry, fault) for fault in faults_of(entry)]
    return errors


def _validate_ports(ports: Sequence[EndpointPort]) -> list[FieldError]:
    if len(ports) > _MOST_PORTS:
        return [too_many("ports", len(ports), _MOST_PORTS)]
    errors: list[FieldError] = []
    names: set[str] = set()
    for index, port in enumerate(ports):
        path = f"ports[{index}]"
        if port.name:
            errors += [invalid(f"{path}.name", port.name, fault) for fault in dns1123_label_faults(port.name)]
        if port.name in names:
            errors.append(duplicate(f"{path}.name", port.name))
        names.add(port.name)
        if not port.protocol:
            errors.append(required(f"{path}.protocol"))
        elif port.protocol not in PROTOCOLS:
            errors.append(not_supported(f"{path}.protocol", port.protocol, PROTOCOLS))
        if port.HasField("port") and not 1 <= port.port <= 65535:
            errors.append(invalid(f"{path}.port", port.port, PORT_TEXT))
        if port.HasField("appProtocol"):
            faults = qualified_name_faults(port.appProtocol)
            errors += [invalid(f"{path}.appProtocol", port.appProtocol, fault) for fault in faults]
    return errors

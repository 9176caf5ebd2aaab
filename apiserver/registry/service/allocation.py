"""Addresses and node ports of a Service: which it holds, and how it gets those that it lacks."""

from collections.abc import Iterable, Set
from random import Random

from apiserver.allocation.claims import Claims
from apiserver.allocation.ranges import address_key, port_key
from apiserver.registry.errors import InternalError
from apiserver.registry.field_errors import FieldError, invalid
from apiserver.registry.network import ClusterNetwork
from apiserver.registry.service.facts import (
    allocates_node_ports,
    has_address,
    needs_cluster_ip,
    needs_health_check,
    needs_node_ports,
)
from protos.addresses import parse_address
from protos.kubernetes.core_pb2 import Service, ServicePort

_TAKEN = "provided port is already allocated"


def held_keys(service: Service) -> Set[str]:
    """The allocation keys that belong to a Service, which is all that decides what is taken and given back."""
    keys: set[str] = set()
    if has_address(service):
        parsed = map(parse_address, service.spec.clusterIPs)
        keys.update(address_key(str(address)) for address in parsed if address is not None)
    if needs_node_ports(service):
        keys.update(port_key(port.nodePort) for port in service.spec.ports if port.nodePort)
    if needs_health_check(service) and service.spec.healthCheckNodePort:
        keys.add(port_key(service.spec.healthCheckNodePort))
    return keys


class ServiceAllocator:
    """Chooses for one Service at a time; a choice becomes real with the transaction that writes the Service."""

    def __init__(self, network: ClusterNetwork, random: Random) -> None:
        self._network = network
        self._random = random

    def addresses(self, new: Service, old: Service | None, claims: Claims) -> list[FieldError]:
        """Fills clusterIPs up to ipFamilies; refuses addresses that cannot be had. Raises InternalError when full."""
        if not has_address(new):
            return []
        spec = new.spec
        errors: list[FieldError] = []
        kept = len(old.spec.clusterIPs) if old is not None and needs_cluster_ip(old) else 0
        if kept and not spec.clusterIPs:
            return []
        for index, text in enumerate(spec.clusterIPs):
            # A change of an address that was there before is refused by the rules of updates.
            if index >= kept and (fault := self._address_fault(text, claims)):
                errors.append(invalid("spec.clusterIPs", spec.clusterIPs, f"failed to allocate IP {text}: {fault}"))
        for family in spec.ipFamilies[len(spec.clusterIPs) :]:
            address = self._network.ranges[family].choose(claims.is_free, self._random)
            if address is None:
                raise InternalError("failed to allocate a serviceIP: range is full")
            spec.clusterIPs.append(address)
        spec.clusterIP = spec.clusterIPs[0]
        return errors

    def _address_fault(self, text: str, claims: Claims) -> str:
        address = parse_address(text)
        if address is None:
            return ""
        held = self._network.ranges.get(f"IPv{address.version}")
        if held is None or not held.holds(str(address)):
            shown = held.network if held else "none of this family"
            return f"the provided IP ({address}) is not in the valid range. The range of valid IPs is {shown}"
        return "" if claims.is_free(address_key(str(address))) else "provided IP is already allocated"

    def node_ports(self, new: Service, claims: Claims) -> list[FieldError]:
        """Gives each port a node port where the type has them; ports of one number share one, TCP and UDP alike."""
        if not needs_node_ports(new):
            return []
        ports = new.spec.ports
        errors: list[FieldError] = []
        chosen = {port.nodePort for port in ports if port.nodePort}
        for index, port in enumerate(ports):
            if not port.nodePort and not allocates_node_ports(new):
                continue
            if not port.nodePort:
                # An earlier twin has its number by now, a later one only if the client gave it.
                port.nodePort = _twin(port, ports) or self._choose_port(claims, chosen)
            if fault := self._port_fault(port.nodePort, claims):
                errors.append(invalid(f"spec.ports[{index}].nodePort", port.nodePort, fault))
            chosen.add(port.nodePort)
        return errors

    def _choose_port(self, claims: Claims, chosen: Set[int]) -> int:
        taken = {port_key(port) for port in chosen}
        port = self._network.node_ports.choose(lambda key: key not in taken and claims.is_free(key), self._random)
        if port is None:
            raise InternalError("failed to allocate a nodePort: range is full")
        return port

    def _port_fault(self, port: int, claims: Claims) -> str:
        ports = self._network.node_ports
        if not ports.holds(port):
            return f"provided port is not in the valid range. The range of valid ports is {ports}"
        return "" if claims.is_free(port_key(port)) else _TAKEN

    def health_check_port(self, new: Service, old: Service | None, claims: Claims) -> None:
        """Gives the health check node port where it is needed. Raises InternalError."""
        if not needs_health_check(new) or (old is not None and needs_health_check(old)):
            return
        spec = new.spec
        taken = {port.nodePort for port in spec.ports}
        if spec.healthCheckNodePort:
            wanted = spec.healthCheckNodePort
            fault = _TAKEN if wanted in taken else self._port_fault(wanted, claims)
            if fault:
                raise InternalError(f"failed to allocate requested HealthCheck NodePort {wanted}: {fault}")
            return
        keys = {port_key(port) for port in taken}
        port = self._network.node_ports.choose(lambda key: key not in keys and claims.is_free(key), self._random)
        if port is None:
            raise InternalError("failed to allocate a HealthCheck NodePort: range is full")
        spec.healthCheckNodePort = port


def _twin(port: ServicePort, ports: Iterable[ServicePort]) -> int:
    """The node port of another port with the same number, 0 if there is none."""
    return next((other.nodePort for other in ports if other.port == port.port and other.nodePort), 0)

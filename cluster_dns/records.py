"""Kubernetes' objects to DNS records: schema 1.1.0 of DNS-based service discovery, CoreDNS' choices where it has none.

Each object contributes names with their records; a name without records is there all the same (NODATA, not NXDOMAIN).
"""

from collections.abc import Callable, Iterable, Iterator
from struct import Struct

from cluster_dns import names
from cluster_dns.message import Record, RType
from cluster_dns.names import Address, ZoneNames
from cluster_dns.zone import RecordSets, Settings
from protos.addresses import parse_address
from protos.kubernetes.core_pb2 import Service
from protos.kubernetes.discovery_pb2 import Endpoint, EndpointSlice

SCHEMA_VERSION = "1.1.0"
SCHEMA_TTL = 28800
LONGEST_NEGATIVE_TTL = 300
_REFRESH, _RETRY, _EXPIRE = 7200, 1800, 86400
_SRV = Struct("!HHH")  # priority, weight, port
_SOA = Struct("!IIIII")  # serial, refresh, retry, expire, minimum


def zone_records(settings: Settings, serial: int) -> RecordSets:
    """What is there without any object. `serial` of the SOA is the time of the last change in seconds."""
    apex, version, server = settings.names.apex, settings.names.below("dns-version"), settings.names.name_server
    numbers = _SOA.pack(serial & 0xFFFFFFFF, _REFRESH, _RETRY, _EXPIRE, settings.ttl)
    soa = Record(
        apex, RType.SOA, min(settings.ttl, LONGEST_NEGATIVE_TTL), server + settings.names.below("hostmaster") + numbers
    )
    text = SCHEMA_VERSION.encode()
    return {
        apex: (soa, Record(apex, RType.NS, settings.ttl, server)),
        version: (Record(version, RType.TXT, SCHEMA_TTL, bytes((len(text),)) + text),),
        settings.names.below("svc"): (),
        settings.names.below("pod"): (),
    }


def namespace_records(settings: Settings, namespace: str) -> RecordSets:
    return {settings.names.below(namespace, "svc"): (), settings.names.below(namespace, "pod"): ()}


def service_records(settings: Settings, service: Service) -> RecordSets:
    """Of the Service alone: its addresses, its ports and their way back; or its CNAME.

    Headless Services have only endpoints.
    """
    namespace, name, spec = service.metadata.namespace, service.metadata.name, service.spec
    own_name = settings.names.service(namespace, name)
    if spec.type == "ExternalName":
        target = _name_or_none(names.from_text, spec.externalName)
        return {own_name: (Record(own_name, RType.CNAME, settings.ttl, target),)} if target else {}
    addresses = [] if is_headless(service) else _addresses(spec.clusterIPs or [spec.clusterIP])
    found = _Contribution(settings.ttl)
    for address in addresses:
        found.add_address(own_name, address)
        found.add(names.reverse(address), RType.PTR, own_name)
        if (namespace, name) == settings.dns_service:
            found.add_address(settings.names.name_server, address)
    ports = [(own_name, port.name, port.protocol, port.port) for _ in addresses for port in spec.ports]
    found.add_ports(settings.names, namespace, name, ports)
    return found.sets()


def endpoint_records(settings: Settings, service: Service, slices: Iterable[EndpointSlice]) -> RecordSets:
    """Of the Service's ready endpoints: a name each.

    Of a headless Service also its addresses, its ports and their way back.
    """
    namespace, name = service.metadata.namespace, service.metadata.name
    if service.spec.type == "ExternalName":
        return {}
    headless = is_headless(service)
    own_name = settings.names.service(namespace, name)
    found = _Contribution(settings.ttl)
    ports = []
    for slice_, endpoint, address in _ready(slices):
        host = _name_or_none(settings.names.endpoint, namespace, name, endpoint.hostname or names.dashed(address))
        if host is None:
            continue
        found.add_address(host, address)
        if headless:
            found.add_address(own_name, address)
            found.add(names.reverse(address), RType.PTR, host)
            ports += [(host, port.name, port.protocol, port.port) for port in slice_.ports if port.port]
    found.add_ports(settings.names, namespace, name, ports)
    return found.sets()


def is_headless(service: Service) -> bool:
    return service.spec.clusterIP == "None"


def _ready(slices: Iterable[EndpointSlice]) -> Iterator[tuple[EndpointSlice, Endpoint, Address]]:
    """The endpoints that are usable now, each with its first address: consumers use no other.

    A nil `ready` counts as ready.
    """
    for slice_ in slices:
        if slice_.addressType not in ("IPv4", "IPv6"):
            continue
        for endpoint in slice_.endpoints:
            ready = endpoint.conditions.ready or not endpoint.conditions.HasField("ready")
            for address in _addresses(endpoint.addresses[:1]) if ready else ():
                yield slice_, endpoint, address


def _addresses(texts: Iterable[str]) -> list[Address]:
    """The addresses of the texts; what is none is left out: a server must not fall over one odd object."""
    return [address for address in map(parse_address, texts) if address is not None]


def _name_or_none(make: Callable[..., bytes], *parts: str) -> bytes | None:
    """None where the parts make no name: a port's name may have 63 characters, its label needs one more."""
    try:
        return make(*parts)
    except ValueError:
        return None


class _Contribution:
    """Collects the records of one object; a record is there once, however often it is added."""

    def __init__(self, ttl: int) -> None:
        self.ttl = ttl
        self.found: dict[bytes, dict[Record, None]] = {}

    def add(self, name: bytes, rtype: RType, data: bytes) -> None:
        self.found.setdefault(name, {})[Record(name, rtype, self.ttl, data)] = None

    def add_address(self, name: bytes, address: Address) -> None:
        self.add(name, RType.A if address.version == 4 else RType.AAAA, address.packed)

    def add_ports(
        self, zone: ZoneNames, namespace: str, service: str, ports: list[tuple[bytes, str, str, int]]
    ) -> None:
        """SRV records (RFC 2782) of (target, port name, protocol, port): below a named port.

        And all of them below the Service.
        """
        own_name = zone.service(namespace, service)
        by_name: dict[bytes, list[tuple[bytes, int]]] = {}
        for target, name, protocol, port in ports:
            by_name.setdefault(own_name, []).append((target, port))
            if name and (port_name := _name_or_none(zone.port, namespace, service, name, protocol or "TCP")):
                by_name.setdefault(port_name, []).append((target, port))
        for name_of_port, targets in by_name.items():
            weight = max(1, 100 // len(targets))
            for target, port in targets:
                self.add(name_of_port, RType.SRV, _SRV.pack(0, weight, port) + target)

    def sets(self) -> RecordSets:
        return {name: tuple(records) for name, records in self.found.items()}

"""A DNS server without sockets, the objects that fill it, and answers as zone-file text."""

import asyncio
import random
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import pytest

from cluster_dns.answers import ReadyAnswers
from cluster_dns.catalog import SERVICE_OF_SLICE, Catalog
from cluster_dns.exchange import Server
from cluster_dns.forward import Forwarder
from cluster_dns.message import Query, Reply
from cluster_dns.names import ZoneNames, from_text
from cluster_dns.responder import Responder
from cluster_dns.traffic import Traffic
from cluster_dns.zone import Settings, Zone
from protos.kubernetes.core_pb2 import Service
from protos.kubernetes.discovery_pb2 import EndpointSlice

SERIAL = 1_700_000_000


def service(
    name: str,
    *addresses: str,
    namespace: str = "default",
    ports: Iterable[tuple[str, int, str]] = (),
    external_name: str = "",
) -> Service:
    """A Service with its cluster addresses, ("None",) for a headless one, and its ports as (name, port, protocol)."""
    made = Service()
    made.metadata.name, made.metadata.namespace = name, namespace
    made.spec.type = "ExternalName" if external_name else "ClusterIP"
    made.spec.externalName = external_name
    made.spec.clusterIP = addresses[0] if addresses else ""
    made.spec.clusterIPs.extend(addresses)
    for port_name, port, protocol in ports:
        made.spec.ports.add(name=port_name, port=port, protocol=protocol)
    return made


@dataclass(frozen=True)
class At:
    """An endpoint."""

    address: str
    hostname: str = ""
    ready: bool | None = True
    terminating: bool = False


def endpoint_slice(
    name: str,
    of: str,
    *endpoints: At,
    namespace: str = "default",
    ports: Iterable[tuple[str, int, str]] = (),
    address_type: str = "",
) -> EndpointSlice:
    """A slice of the Service `of`; its address type is read from its first endpoint."""
    made = EndpointSlice()
    made.metadata.name, made.metadata.namespace = name, namespace
    made.metadata.labels[SERVICE_OF_SLICE] = of
    made.addressType = address_type or ("IPv6" if endpoints and ":" in endpoints[0].address else "IPv4")
    for at in endpoints:
        endpoint = made.endpoints.add(addresses=[at.address])
        if at.hostname:
            endpoint.hostname = at.hostname
        if at.ready is not None:
            endpoint.conditions.ready = at.ready
        endpoint.conditions.terminating = at.terminating
    for port_name, port, protocol in ports:
        made.ports.add(name=port_name, port=port, protocol=protocol)
    return made


def section_text(section: list[dns.rrset.RRset]) -> list[str]:
    """The records as sorted zone-file lines."""
    return sorted(line for rrset in section for line in rrset.to_text().splitlines())


def lines(text: str) -> list[str]:
    """Zone-file lines with single spaces, sorted."""
    return sorted(" ".join(line.split()) for line in text.splitlines() if line.strip())


@dataclass
class FakeUpstream:
    """Answers by name what it is told: a Reply, or an error to raise; to other names it keeps silent."""

    replies: dict[bytes, Reply | Exception] = field(default_factory=dict)
    asked: list[tuple[Server, Query]] = field(default_factory=list)

    async def __call__(self, server: Server, query: Query) -> Reply:
        self.asked.append((server, query))
        reply = self.replies.get(query.name)
        if reply is None:
            await asyncio.Event().wait()
        if isinstance(reply, Exception):
            raise reply
        assert reply is not None
        return reply


class DnsServer:
    """The whole server but for its sockets and its API."""

    def __init__(self, zone: str = "cluster.local") -> None:
        self.zone = Zone(Settings(ZoneNames(from_text(zone))))
        self.ready = ReadyAnswers(self.zone)
        self.catalog = Catalog(self.zone, self.ready)
        self.upstream = FakeUpstream()
        self.forwarder = Forwarder([("192.0.2.1", 53)], self.upstream, lambda: 0.0, random.Random(1))
        self.responder = Responder(self.zone, self.ready, self.forwarder, random.Random(2))
        self.udp = Traffic("udp", "1")
        self.tcp = Traffic("tcp", "1")

    def put(self, *objects: Service | EndpointSlice) -> None:
        for obj in objects:
            key = (obj.metadata.namespace, obj.metadata.name)
            if isinstance(obj, Service):
                self.catalog.service_changed(key, obj)
            else:
                self.catalog.slice_changed(key, obj)
        self.apply()

    def apply(self) -> None:
        self.catalog.apply(SERIAL)
        self.zone.synced = True

    def send(self, query: dns.message.Message, traffic: Traffic | None = None) -> dns.message.Message:
        answer = self.responder.respond(query.to_wire(), traffic or self.udp)
        assert isinstance(answer, bytes)
        return checked(query, answer)

    def ask(self, question: str, **options: object) -> dns.message.Message:
        """The answer to a question such as `web.default.svc.cluster.local. A`, over UDP."""
        name, rtype = question.split()
        return self.send(dns.message.make_query(name, rtype, **options))  # type: ignore[arg-type]

    async def ask_outside(self, question: str) -> dns.message.Message:
        """The same for a question that needs an upstream."""
        name, rtype = question.split()
        query = dns.message.make_query(name, rtype)
        answer = self.responder.respond(query.to_wire(), self.udp)
        assert isinstance(answer, Coroutine)
        return checked(query, await answer)


def checked(query: dns.message.Message, answer: bytes) -> dns.message.Message:
    """The answer, which must be one to the query by id, question and flags."""
    message = dns.message.from_wire(answer)
    assert query.is_response(message)
    assert message.flags & dns.flags.RA
    return message


@pytest.fixture
def server() -> DnsServer:
    return DnsServer()

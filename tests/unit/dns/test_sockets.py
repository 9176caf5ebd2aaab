"""The listeners, the exchange with upstreams and the status pages, over the loopback device."""

import asyncio
import contextlib
import dataclasses
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import dns.asyncquery
import dns.message
import pytest

from cluster_dns import tcp
from cluster_dns.config import Endpoint
from cluster_dns.exchange import exchange
from cluster_dns.main import show
from cluster_dns.message import FormatError, Query, RType
from cluster_dns.metrics import Metrics
from cluster_dns.names import from_text
from cluster_dns.sockets import address_of, bind
from cluster_dns.tcp import TcpListener
from cluster_dns.udp import UdpListener
from tests.unit.dns.conftest import At, DnsServer, checked, endpoint_slice, service

LOOPBACK = "127.0.0.1"
WEB = "web.default.svc.cluster.local."


@dataclasses.dataclass
class Listening:
    """A server on a port of the loopback device."""

    server: DnsServer
    udp: UdpListener
    tcp: TcpListener
    port: int


@pytest.fixture
async def listening(server: DnsServer) -> AsyncIterator[Listening]:
    server.put(
        service("web", "10.96.0.7"),
        service("db", "None"),
        endpoint_slice("db-1", "db", *(At(f"10.0.0.{number}") for number in range(100))),
    )
    (pair,) = bind(Endpoint(LOOPBACK, 0))
    udp, stream = UdpListener(pair.udp, server.responder), TcpListener(pair.tcp, server.responder)
    await udp.start()
    await stream.start()
    yield Listening(server, udp, stream, int(udp.address.rpartition(":")[2]))
    await udp.close()
    await stream.close()


async def test_many_queries_at_once_over_udp(listening: Listening) -> None:
    queries = [dns.message.make_query(WEB, rtype) for rtype in ("A", "AAAA") for _ in range(100)]
    answers = await asyncio.gather(
        *(dns.asyncquery.udp(query, LOOPBACK, port=listening.port, timeout=5) for query in queries)
    )
    assert [len(answer.answer) for answer in answers] == [1] * 100 + [0] * 100
    assert sum(listening.udp.traffic.served.values()) == 200
    assert sum(listening.udp.traffic.durations) == 200


async def test_a_truncated_answer_is_whole_over_tcp(listening: Listening) -> None:
    query = dns.message.make_query("db.default.svc.cluster.local.", "A")
    answer, over_tcp = await dns.asyncquery.udp_with_fallback(query, LOOPBACK, port=listening.port, timeout=5)
    assert over_tcp
    assert len(answer.answer[0]) == 100


async def test_garbage_over_udp_is_no_obstacle(listening: Listening) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hostile:
        for packet in (b"", b"x", b"\0" * 12, b"\xff" * 4000, b"\0\1\1\0\0\1" + b"\xc0" * 500):
            hostile.sendto(packet, (LOOPBACK, listening.port))
    answer = await dns.asyncquery.udp(dns.message.make_query(WEB, "A"), LOOPBACK, port=listening.port, timeout=5)
    assert answer.answer
    assert not listening.server.responder.panics


async def test_many_queries_on_one_connection(listening: Listening) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, listening.port)
    queries = [dns.message.make_query(WEB, rtype) for rtype in ("A", "AAAA", "TXT", "SRV") * 5]
    for query in queries:
        packet = query.to_wire()
        writer.write(len(packet).to_bytes(2, "big") + packet)
    for query in queries:
        size = int.from_bytes(await reader.readexactly(2), "big")
        checked(query, await reader.readexactly(size))
    writer.close()


@pytest.mark.parametrize("sent", [b"", b"\0", b"\0\x20abc"])
async def test_a_connection_that_says_nothing_whole_is_closed(server: DnsServer, sent: bytes) -> None:
    (pair,) = bind(Endpoint(LOOPBACK, 0))
    pair.udp.close()
    listener = TcpListener(pair.tcp, server.responder, idle_timeout=0.01)
    await listener.start()
    reader, writer = await asyncio.open_connection(*pair.tcp.getsockname())
    writer.write(sent)
    assert await reader.read() == b""
    writer.close()
    await listener.close()


@pytest.mark.parametrize("sent", [b"\0\0", b"\0\4abcd", b"\0\x0c\0\0\x80\0\0\0\0\0\0\0\0\0"])
async def test_a_message_that_gets_no_answer_ends_its_connection(listening: Listening, sent: bytes) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, listening.port)
    writer.write(sent)
    assert await reader.read() == b""
    writer.close()


async def test_when_there_are_too_many_connections_the_silent_one_makes_room(
    listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "MAX_CONNECTIONS", 2)
    packet = dns.message.make_query(WEB, "A").to_wire()
    packet = len(packet).to_bytes(2, "big") + packet
    silent, busy = [await asyncio.open_connection(LOOPBACK, listening.port) for _ in range(2)]
    for reader, writer in (silent, busy):
        writer.write(packet)
        await reader.readexactly(2)
    late = await asyncio.open_connection(LOOPBACK, listening.port)
    for reader, writer in (busy, late):
        writer.write(packet)
        await reader.readexactly(2)
    await silent[0].read()  # to its end
    for _, writer in (silent, busy, late):
        writer.close()


async def test_upstream_exchange_goes_over_to_tcp(listening: Listening) -> None:
    name = from_text("db.default.svc.cluster.local")
    reply = await exchange((LOOPBACK, listening.port), Query(7, 0x100, name + b"\0\1\0\1", name, RType.A, 1, None))
    assert len(reply.answers) == 100
    assert not reply.truncated


async def test_a_forged_reply_is_passed_over() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as upstream:
        upstream.bind((LOOPBACK, 0))
        upstream.setblocking(False)
        query = Query(7, 0x100, b"\1x\0\0\1\0\1", b"\1x\0", RType.A, 1, None)
        asked = asyncio.ensure_future(exchange(upstream.getsockname(), query))
        loop = asyncio.get_running_loop()
        packet, client = await loop.sock_recvfrom(upstream, 512)
        real = dns.message.make_response(dns.message.from_wire(packet)).to_wire()
        for reply in (b"\0\x08" + real[2:], real[:5], real):
            await loop.sock_sendto(upstream, reply, client)
        assert (await asked).rcode == 0


async def test_a_closed_port_is_an_error_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind((LOOPBACK, 0))
        address = closed.getsockname()
    with pytest.raises((OSError, FormatError)):
        await exchange(address, Query(7, 0x100, b"\1x\0\0\1\0\1", b"\1x\0", RType.A, 1, None))


def test_all_addresses_are_both_families_on_one_port() -> None:
    pairs = list(bind(Endpoint("", 0)))
    assert {address_of(sock).rpartition(":")[2] for pair in pairs for sock in pair} == {
        address_of(pairs[0].udp).rpartition(":")[2]
    }
    assert pairs[0].udp.family == socket.AF_INET
    for pair in pairs:
        pair.udp.close()
        pair.tcp.close()


def test_a_taken_port_is_named() -> None:
    (pair,) = bind(Endpoint(LOOPBACK, 0))
    port = pair.udp.getsockname()[1]
    with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1 port {port}: Address already in use"):
        list(bind(Endpoint(LOOPBACK, port)))
    for sock in pair:
        sock.close()


async def http(port: int, request: str) -> str:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    writer.write(request.encode())
    answer = (await reader.read()).decode()
    writer.close()
    return answer


async def test_status_pages(listening: Listening, tmp_path: Path) -> None:
    await dns.asyncquery.udp(dns.message.make_query(WEB, "A"), LOOPBACK, port=listening.port, timeout=5)
    metrics = Metrics(listening.server.responder, [listening.udp.traffic, listening.tcp.traffic], "dns://:53")
    metrics.programmed(0.0)
    async with contextlib.AsyncExitStack() as undo:
        (status,) = await show({"/metrics": lambda: (200, metrics.text())}, (0, None), undo)
        page = await http(status.port, "GET /metrics?x HTTP/1.1\r\nHost: x\r\n\r\n")
        assert "404" in await http(status.port, "GET /nothing HTTP/1.1\r\n\r\n")
        assert "405" in await http(status.port, "POST /metrics HTTP/1.1\r\n\r\n")
        assert (await http(status.port, "HEAD /metrics HTTP/1.1\r\n\r\n")).endswith("\r\n\r\n")
        assert await http(status.port, "x" * 20000 + "\r\n\r\n") == ""
    labels = 'family="1",proto="udp",server="dns://:53",type="A",view="",zone="."'
    assert f"coredns_dns_requests_total{{{labels}}} 1.0" in page
    assert 'coredns_dns_responses_total{plugin="",rcode="NOERROR",server="dns://:53",view="",zone="."} 1.0' in page
    assert 'coredns_dns_request_duration_seconds_count{server="dns://:53",view="",zone="."} 1.0' in page
    count = 'coredns_kubernetes_dns_programming_duration_seconds_count{service_kind="headless_with_selector"} 1.0'
    assert count in page


async def test_more_status_connections_than_the_limit_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cluster_dns.status.MAX_CONNECTIONS", 2)
    async with contextlib.AsyncExitStack() as undo:
        (status,) = await show({"/health": lambda: (200, "OK")}, (0,), undo)
        idle = [await asyncio.open_connection(LOOPBACK, status.port) for _ in range(2)]
        refused, writer = await asyncio.open_connection(LOOPBACK, status.port)
        assert await refused.read() == b""
        writer.close()
        for reader, writer in idle:
            writer.write(b"GET /health HTTP/1.1\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")
            writer.close()
        assert "200 OK" in await http(status.port, "GET /health HTTP/1.1\r\n\r\n")

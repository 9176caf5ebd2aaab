"""The small HTTP server, over real sockets of the loopback."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from node_agent.proxy import health, http
from node_agent.proxy.facts import ServiceName
from node_agent.proxy.health import ProxyHealth, ServiceHealth
from node_agent.proxy.http import Answer, serve
from node_agent.proxy.metrics import Metrics

LOOPBACK = "127.0.0.1"
WEB = ServiceName("ns", "web")


def echo(path: str) -> Answer:
    return Answer(200, "text/plain", path.encode(), (("X-More", "yes"),))


def port_of(server: asyncio.Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port


async def ask(port: int, request: bytes = b"GET / HTTP/1.1\r\n\r\n") -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body; status 0 where the connection ends without an answer."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        writer.write(request)
        answer = await asyncio.wait_for(reader.read(), 5)
    except ConnectionResetError:
        answer = b""
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return int(first.split()[1]) if first else 0, dict(line.split(": ", 1) for line in lines), body


@pytest.fixture
async def server() -> AsyncIterator[int]:
    found = await serve(echo, [LOOPBACK], 0)
    yield port_of(found)
    found.close()


async def test_an_answer(server: int) -> None:
    status, headers, body = await ask(server, b"GET /a/b?c=d HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (status, body) == (200, b"/a/b")
    assert headers == {"Content-Type": "text/plain", "Content-Length": "4", "Connection": "close", "X-More": "yes"}


async def test_any_method(server: int) -> None:
    assert (await ask(server, b"POST /x HTTP/1.1\r\nContent-Length: 0\r\n\r\n"))[0] == 200


async def test_what_is_no_request(server: int) -> None:
    assert (await ask(server, b"hello\r\n\r\n"))[0] == 400
    assert (await ask(server, b"GET /" + b"x" * http.REQUEST_LIMIT * 2 + b" HTTP/1.1\r\n\r\n"))[0] == 0


async def test_slow_clients_are_left(server: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "PATIENCE", 0.01)
    assert (await ask(server, b"GET / HT"))[0] == 0


async def test_more_connections_than_the_limit_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "CONNECTIONS_LIMIT", 2)
    found = await serve(echo, [LOOPBACK], 0)
    idle = [await asyncio.open_connection(LOOPBACK, port_of(found)) for _ in range(2)]
    assert (await ask(port_of(found)))[0] == 0
    for reader, writer in idle:
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")
        writer.close()
    assert (await ask(port_of(found)))[0] == 200
    found.close()


async def free_port() -> int:
    found = await serve(echo, [LOOPBACK], 0)
    port = port_of(found)
    found.close()
    await found.wait_closed()
    return port


async def listening(port: int, path: str = "/") -> tuple[int, dict[str, str], bytes]:
    """The answer, once somebody listens."""
    async with asyncio.timeout(5):
        while True:
            try:
                return await ask(port, f"GET {path} HTTP/1.1\r\n\r\n".encode())
            except ConnectionRefusedError:
                await asyncio.sleep(0)


@pytest.fixture
async def services() -> AsyncIterator[ServiceHealth]:
    failures: list[tuple[ServiceName, int]] = []
    found = ServiceHealth(ProxyHealth(Metrics(), lambda: 0.0), lambda name, port, _: failures.append((name, port)))
    found.failures = failures  # type: ignore[attr-defined]
    yield found
    found.close()
    await asyncio.sleep(0)


async def test_health_of_a_service(services: ServiceHealth) -> None:
    port = await free_port()
    services.expose(WEB, port, {LOOPBACK: 2})
    status, headers, body = await listening(port)
    assert status == 200
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Load-Balancing-Endpoint-Weight"] == "2"
    assert json.loads(body) == {
        "service": {"namespace": "ns", "name": "web"},
        "localEndpoints": 2,
        "serviceProxyHealthy": True,
    }
    assert b'\n\t"localEndpoints": 2' in body
    services.expose(WEB, port, {LOOPBACK: 0})
    status, headers, _ = await ask(port)
    assert (status, headers["X-Load-Balancing-Endpoint-Weight"]) == (503, "0")


async def test_each_address_tells_of_its_own_family(services: ServiceHealth) -> None:
    port = await free_port()
    services.expose(WEB, port, {LOOPBACK: 2, "::1": 0})
    assert (await listening(port))[0] == 200
    reader, writer = await asyncio.open_connection("::1", port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    head = (await reader.read()).partition(b"\r\n\r\n")[0]
    writer.close()
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"X-Load-Balancing-Endpoint-Weight: 0" in head


async def test_a_service_that_asks_no_more_is_not_answered(services: ServiceHealth) -> None:
    first, second = await free_port(), await free_port()
    services.expose(WEB, first, {LOOPBACK: 1})
    assert (await listening(first))[0] == 200
    services.expose(WEB, second, {LOOPBACK: 1})
    assert (await listening(second))[0] == 200
    with pytest.raises(ConnectionRefusedError):
        await ask(first)
    services.expose(WEB, 0, {LOOPBACK: 1})
    await asyncio.sleep(0)
    with pytest.raises(ConnectionRefusedError):
        await ask(second)
    assert services.services() == set()


async def test_the_same_port_on_other_addresses(services: ServiceHealth) -> None:
    port = await free_port()
    services.expose(WEB, port, {"127.0.0.2": 1})
    await asyncio.sleep(0)
    services.expose(WEB, port, {LOOPBACK: 1, "127.0.0.2": 1})
    assert (await listening(port))[0] == 200
    assert services.failures == []  # type: ignore[attr-defined]


async def test_a_port_that_is_taken_is_told_and_tried_again(
    services: ServiceHealth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "RETRY", 0.001)
    squatter = await serve(echo, [LOOPBACK], 0)
    port = port_of(squatter)
    services.expose(WEB, port, {LOOPBACK: 1})
    async with asyncio.timeout(5):
        while not services.failures:  # type: ignore[attr-defined]  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert services.failures[0] == (WEB, port)  # type: ignore[attr-defined]
    squatter.close()
    await squatter.wait_closed()
    assert (await listening(port))[1]["Content-Type"] == "application/json"


async def test_health_of_the_proxy_is_json_with_times() -> None:
    proxy = ProxyHealth(Metrics(), lambda: 1_767_225_600.0)
    answer = proxy.answer("/healthz")
    assert json.loads(answer.body) == {
        "lastUpdated": "2026-01-01T00:00:00Z",
        "currentTime": "2026-01-01T00:00:00Z",
        "nodeEligible": True,
    }
    assert "nodeEligible" not in json.loads(proxy.answer("/livez").body)
    assert proxy.answer("/elsewhere").status == 404


async def test_a_proxy_that_is_ill_says_so_for_its_services(services: ServiceHealth) -> None:
    now = [0.0]
    proxy = ProxyHealth(Metrics(), lambda: now[0])
    found = ServiceHealth(proxy, lambda *_: None)
    port = await free_port()
    found.expose(WEB, port, {LOOPBACK: 1})
    assert (await listening(port))[0] == 200
    now[0] = 60.0
    status, _, body = await ask(port)
    assert (status, json.loads(body)["serviceProxyHealthy"]) == (503, False)
    found.close()
    await asyncio.sleep(0)


NAMES = """
sync_proxy_rules_duration_seconds histogram
sync_full_proxy_rules_duration_seconds histogram
sync_partial_proxy_rules_duration_seconds histogram
network_programming_duration_seconds histogram
sync_proxy_rules_endpoint_changes_pending gauge
sync_proxy_rules_endpoint_changes counter
sync_proxy_rules_service_changes_pending gauge
sync_proxy_rules_service_changes counter
sync_proxy_rules_last_timestamp_seconds gauge
sync_proxy_rules_last_queued_timestamp_seconds gauge
sync_proxy_rules_no_local_endpoints_total gauge
sync_proxy_rules_nftables_sync_failures counter
proxy_healthz counter
proxy_livez counter
"""


def test_metrics_have_the_names_of_kube_proxy() -> None:
    metrics = Metrics()
    found = {family.name: family.type for family in text_string_to_metric_families(metrics.text().decode())}
    wanted = dict(line.rsplit(" ", 1) for line in NAMES.split("\n") if line)
    assert {f"kubeproxy_{name}": kind for name, kind in wanted.items()}.items() <= found.items()


def test_buckets() -> None:
    text = Metrics().text().decode()
    assert 'kubeproxy_sync_proxy_rules_duration_seconds_bucket{le="16.384"}' in text
    assert 'kubeproxy_network_programming_duration_seconds_bucket{le="0.25"}' in text
    assert 'kubeproxy_network_programming_duration_seconds_bucket{le="300.0"}' in text

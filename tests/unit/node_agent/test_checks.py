"""Attempts of probes against small servers on the loopback address."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import grpc.aio
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from node_agent.pods.checks import CheckFailed, check, port_number
from node_agent.pods.folders import PodFolder
from node_agent.pods.sandbox import Sandbox
from node_agent.shim.records import PodRecord
from protos.kubernetes import core_pb2, meta_pb2

HOST = "127.0.0.1"
RECORD = PodRecord("ns", "p", "uid", "p", False, "veth1", [HOST], [], 1500, {})
SANDBOX = Sandbox(PodFolder(Path("/nonesuch")), RECORD, None)  # type: ignore[arg-type]  # no shim is asked
CONTAINER = core_pb2.Container(name="c", ports=[core_pb2.ContainerPort(name="http", containerPort=8080)])


def number(port: int) -> meta_pb2.IntOrString:
    return meta_pb2.IntOrString(intVal=port)


def attempt(handler: Callable[[int], core_pb2.ProbeHandler], answer: bytes | None) -> str:
    """What becomes of one attempt at a server that answers so; None: nobody listens."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.read(1000)
        if request:
            assert request.startswith(b"GET /path HTTP/1.1\r\nHost: ") and b"X-Own: yes\r\n" in request
            writer.write(answer or b"")
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        answered.set()

    async def main() -> str:
        server = await asyncio.start_server(serve, HOST, 0)
        port = server.sockets[0].getsockname()[1]
        if answer is None:
            server.close()
            await server.wait_closed()
        try:
            await check(handler(port), CONTAINER, SANDBOX)
        except CheckFailed as failure:
            return str(failure)
        finally:
            server.close()
            if answer is not None:
                await answered.wait()
        return ""

    answered = asyncio.Event()
    return asyncio.run(main())


def http_get(port: int) -> core_pb2.ProbeHandler:
    headers = [core_pb2.HTTPHeader(name="X-Own", value="yes")]
    return core_pb2.ProbeHandler(httpGet=core_pb2.HTTPGetAction(path="path", port=number(port), httpHeaders=headers))


def tcp(port: int) -> core_pb2.ProbeHandler:
    return core_pb2.ProbeHandler(tcpSocket=core_pb2.TCPSocketAction(port=number(port)))


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", ""),
        (b"HTTP/1.1 302 Found\r\n\r\n", ""),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "HTTP probe failed with statuscode: 503"),
        (b"hello\n", "malformed HTTP response"),
        (b"", "malformed HTTP response"),
        (b"x" * 200_000, "malformed HTTP response"),
    ],
)
def test_http(answer: bytes, failure: str) -> None:
    assert attempt(http_get, answer) == failure


def test_nobody_listens() -> None:
    for handler in (http_get, tcp):
        assert "connect: connection refused" in attempt(handler, None)


def test_tcp() -> None:
    assert attempt(tcp, b"") == ""


def test_named_ports() -> None:
    assert port_number(meta_pb2.IntOrString(type=1, strVal="http"), CONTAINER) == 8080
    with pytest.raises(CheckFailed, match="couldn't find port: admin"):
        port_number(meta_pb2.IntOrString(type=1, strVal="admin"), CONTAINER)


@pytest.mark.parametrize(
    ("status", "failure"),
    [("SERVING", ""), ("NOT_SERVING", "service unhealthy (responded with NOT_SERVING)")],
)
def test_grpc(status: str, failure: str) -> None:
    async def main() -> str:
        server = grpc.aio.server()
        servicer = health.aio.HealthServicer()  # type: ignore[attr-defined]
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
        port = server.add_insecure_port(f"{HOST}:0")
        await server.start()
        await servicer.set("", health_pb2.HealthCheckResponse.ServingStatus.Value(status))
        try:
            await check(core_pb2.ProbeHandler(grpc=core_pb2.GRPCAction(port=port)), CONTAINER, SANDBOX)
        except CheckFailed as problem:
            return str(problem)
        finally:
            await server.stop(0)
        return ""

    assert asyncio.run(main()) == failure


def test_sleeping_is_a_hook() -> None:
    hook: Awaitable[None] = check(core_pb2.LifecycleHandler(sleep=core_pb2.SleepAction(seconds=0)), CONTAINER, SANDBOX)
    asyncio.run(asyncio.wait_for(hook, 5))

"""The gRPC server on its socket: who gets in, what it takes, and what it says of itself."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from apiserver.server.front import SocketInUse, is_answering, listen, make_server
from apiserver.server.streams import Streams
from protos import kinds
from protos.kubernetes import core_pb2
from svclab.client import Client, Target, errors
from tests.unit.server.conftest import Cluster


@asynccontextmanager
async def serving(cluster: Cluster, path: Path) -> AsyncIterator[grpc.aio.Channel]:
    """The cluster's API on a socket, and a channel to it."""
    server = make_server(cluster.api, Streams(cluster.nodes))
    listen(server, path)
    await server.start()
    async with grpc.aio.insecure_channel(f"unix:{path}") as channel:
        yield channel
    await server.stop(None)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


async def call(channel: grpc.aio.Channel, method: str, request: bytes) -> Any:
    """Sends bytes as they are to a method of the Api."""
    raw: Any = channel.unary_unary
    return await raw(f"/svclab.api.v1.Api/{method}")(request)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "api.sock"


async def test_the_socket_is_its_owners_alone(cluster: Cluster, path: Path) -> None:
    async with serving(cluster, path):
        assert (mode(path), mode(path.parent)) == (0o600, 0o700)


async def test_a_socket_that_is_answered_is_left_alone(cluster: Cluster, path: Path) -> None:
    async with serving(cluster, path):
        with pytest.raises(SocketInUse, match=f"{path}: another API server answers there"):
            listen(make_server(cluster.api, Streams(cluster.nodes)), path)
        async with Client(Target.parse(f"unix:{path}")) as client:
            assert (await client.version()).clusterName == "test"


async def test_what_a_dead_server_left_is_replaced(cluster: Cluster, path: Path) -> None:
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert not is_answering(path)
    async with serving(cluster, path), Client(Target.parse(f"unix:{path}")) as client:
        assert (await client.version()).revision == cluster.store.revision


def test_a_file_that_is_no_socket_is_left_alone(cluster: Cluster, path: Path) -> None:
    path.parent.mkdir()
    path.write_text("mine")

    async def main() -> None:
        with pytest.raises(SocketInUse, match="choose another path"):
            listen(make_server(cluster.api, Streams(cluster.nodes)), path)

    asyncio.run(main())
    assert path.read_text() == "mine"


async def test_health_and_reflection_are_on(cluster: Cluster, path: Path) -> None:
    async with serving(cluster, path) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        assert (await health.Check(health_pb2.HealthCheckRequest())).status == health_pb2.HealthCheckResponse.SERVING
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
        answers = [answer async for answer in stub.ServerReflectionInfo(asked)]
        names = {service.name for service in answers[0].list_services_response.service}
        assert {"svclab.api.v1.Api", "svclab.api.v1.NodeStreams", "grpc.health.v1.Health"} <= names


async def test_bytes_that_are_no_request_are_refused_and_the_server_goes_on(cluster: Cluster, path: Path) -> None:
    async with serving(cluster, path) as channel:
        for method in ("Get", "Create", "Patch"):
            with pytest.raises(grpc.aio.AioRpcError):
                await call(channel, method, b"\xff\xff\xff")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(channel, "Get", bytes(4 << 20))
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(channel, "Nothing", b"")
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
        async with Client(Target.parse(f"unix:{path}")) as client:
            await client.get(kinds.NAMESPACES, "default")


async def test_an_object_over_the_limit_is_refused(cluster: Cluster) -> None:
    pod = core_pb2.Pod()
    pod.metadata.name, pod.metadata.namespace = "big", "default"
    pod.spec.containers.add(name="c", image="echo", args=["x" * (1536 * 1024)])
    with pytest.raises(errors.RequestEntityTooLarge, match=r"the object has \d+ bytes; the limit is 1572864"):
        await cluster.client.create(pod)


async def test_a_bug_is_an_internal_error_without_its_traceback(
    cluster: Cluster, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(cluster.store, "get", lambda key: 1 // 0)
    async with serving(cluster, path), Client(Target.parse(f"unix:{path}")) as client:
        with caplog.at_level(logging.ERROR), pytest.raises(errors.InternalError) as caught:
            await client.get(kinds.NAMESPACES, "default")
    assert "ZeroDivision" not in str(caught.value)
    assert "ZeroDivisionError" in caplog.text


async def test_an_unknown_resource_is_not_found(cluster: Cluster, path: Path) -> None:
    async with serving(cluster, path) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(channel, "List", b"\x0a\x04pots")
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND
        assert "could not find the requested resource" in str(caught.value.details())

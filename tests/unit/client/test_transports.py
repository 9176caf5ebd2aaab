"""The same calls over gRPC, in process, and blocking; and what happens when the server goes and comes back."""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc.aio
import pytest

from apiserver.registry import ClusterNetwork, Registry
from apiserver.server.api import Api
from apiserver.server.node_streams import NodeStreams
from apiserver.store import MemoryStore
from protos import api_pb2, api_pb2_grpc, kinds
from protos.kubernetes import core_pb2, meta_pb2
from svclab.client import Client, Informer, SyncClient, Target, errors
from svclab.client.transport import LocalTransport


def config_map(name: str, value: str = "1") -> core_pb2.ConfigMap:
    return core_pb2.ConfigMap(metadata=meta_pb2.ObjectMeta(name=name, namespace="default"), data={"key": value})


class EchoApi(Api):
    """An API server whose pods echo."""

    async def Exec(self, requests: Any, context: Any) -> AsyncGenerator[Any, None]:
        async for frame in requests:
            if frame.exec.pod == "missing":
                status = meta_pb2.Status(reason="NotFound", code=404, message='pods "missing" not found')
                yield api_pb2.Frame(error=status)
                return
            if frame.stdin:
                yield api_pb2.Frame(stdout=frame.stdin)
        yield api_pb2.Frame(exitCode=3)


@pytest.fixture
async def api() -> Api:
    store = MemoryStore()
    registry = Registry(store, ClusterNetwork(), random=random.Random(1))
    await registry.bootstrap()
    return EchoApi(store, registry, NodeStreams(), "test", random.Random(1))


@asynccontextmanager
async def serving(api: Api, socket: Path) -> AsyncIterator[Target]:
    server = grpc.aio.server()
    api_pb2_grpc.add_ApiServicer_to_server(api, server)
    server.add_insecure_port(f"unix:{socket}")
    await server.start()
    yield Target.parse(f"unix:{socket}")
    await server.stop(0)


@pytest.fixture(params=["grpc", "local"])
async def client(request: pytest.FixtureRequest, api: Api, tmp_path: Path) -> AsyncIterator[Client]:
    if request.param == "local":
        yield Client(LocalTransport(api))
        return
    async with serving(api, tmp_path / "api.sock") as target, Client(target) as found:
        yield found


async def test_an_object_is_written_read_changed_and_deleted(client: Client) -> None:
    created = await client.create(config_map("a"))
    assert await client.get(kinds.CONFIG_MAPS, "a", "default") == created
    created.data["key"] = "2"
    updated = await client.update(created)
    assert int(updated.metadata.resourceVersion) > int(created.metadata.resourceVersion)
    patched = await client.patch(kinds.CONFIG_MAPS, "a", "default", {"data": {"more": "x"}})
    assert dict(patched.data) == {"key": "2", "more": "x"}
    with pytest.raises(errors.Conflict):
        await client.update(created)
    assert await client.delete(kinds.CONFIG_MAPS, "a", "default") is None
    with pytest.raises(errors.NotFound, match='configmaps "a" not found'):
        await client.get(kinds.CONFIG_MAPS, "a", "default")


async def test_what_lingers_is_returned_by_delete(client: Client) -> None:
    held = config_map("a")
    held.metadata.finalizers.append("test/hold")
    await client.create(held)
    assert (await client.delete(kinds.CONFIG_MAPS, "a", "default")).metadata.HasField("deletionTimestamp")


async def test_a_list_comes_in_pages_of_one_snapshot(client: Client) -> None:
    for name in "abcde":
        await client.create(config_map(name))
    pages = [page async for page in client.pages(kinds.CONFIG_MAPS, "default", limit=2)]
    assert [[obj.metadata.name for obj in page.items] for page in pages] == [["a", "b"], ["c", "d"], ["e"]]
    assert pages[0].remaining == 3
    assert len({page.resource_version for page in pages}) == 1


async def test_a_watch_tells_state_and_changes_and_can_be_closed(client: Client) -> None:
    await client.create(config_map("a"))
    told: list[str] = []
    async with aclosing(client.watch(kinds.CONFIG_MAPS, "default", send_initial_events=True)) as batches:
        async for batch in batches:
            for event in batch:
                told.append(f"{event.type} {event.object.metadata.name}")
                if event.ends_initial_events:
                    await client.create(config_map("b"))
            if told[-1] == "ADDED b":
                break
    assert told == ["ADDED a", "BOOKMARK ", "ADDED b"]


async def test_a_command_gets_its_input_and_gives_its_output(client: Client) -> None:
    async def typed() -> AsyncIterator[api_pb2.Frame]:
        yield api_pb2.Frame(stdin=b"hello")

    frames = [frame async for frame in client.exec(api_pb2.ExecOpen(pod="a"), typed())]
    assert frames == [api_pb2.Frame(stdout=b"hello"), api_pb2.Frame(exitCode=3)]
    with pytest.raises(errors.NotFound, match='pods "missing" not found'):
        [frame async for frame in client.exec(api_pb2.ExecOpen(pod="missing"))]


async def test_warnings_reach_whoever_asked_for_them(api: Api) -> None:
    warnings: list[str] = []
    client = Client(LocalTransport(api), warn=warnings.append)
    await client.create(config_map("a"))
    await client.patch(kinds.CONFIG_MAPS, "a", "default", {"dataa": {}})
    assert warnings == ['unknown field "dataa"']


async def test_an_informer_outlives_the_server(api: Api, tmp_path: Path) -> None:
    socket, local = tmp_path / "api.sock", Client(LocalTransport(api))
    async with Client(Target.parse(f"unix:{socket}")) as client:
        informer: Informer[core_pb2.ConfigMap] = Informer(client, kinds.CONFIG_MAPS)
        seen: asyncio.Queue[str] = asyncio.Queue()
        informer.add_handler(lambda key, old, new: seen.put_nowait(f"{key.name} {'gone' if new is None else 'there'}"))
        task = asyncio.create_task(informer.run())
        await local.create(config_map("a"))
        async with serving(api, socket):
            assert await seen.get() == "a there"
        await local.create(config_map("b"))
        await local.delete(kinds.CONFIG_MAPS, "a", "default")
        async with serving(api, socket):
            async with asyncio.timeout(1.0):
                assert [await seen.get(), await seen.get()] == ["b there", "a gone"]
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_no_server_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("svclab.client.calls.READ_RETRY_PAUSES", (0.0,))
    target = Target.parse(f"unix:{tmp_path}/api.sock")
    async with Client(target) as client:
        with pytest.raises(errors.Unreachable, match=f"^no API server answers at {target}: "):
            await client.get(kinds.SERVICES, "a", "default")
    with SyncClient(target) as blocking, pytest.raises(errors.Unreachable, match=f"at {target}: "):
        blocking.get(kinds.SERVICES, "a", "default")


def blocking_story(target: Target) -> None:
    """What commands do, on a thread of its own."""
    warnings: list[str] = []
    with SyncClient(target, warn=warnings.append) as client:
        created = client.create(config_map("a"))
        assert client.get(kinds.CONFIG_MAPS, "a", "default") == created
        assert [obj.metadata.name for page in client.pages(kinds.CONFIG_MAPS, limit=1) for obj in page.items] == ["a"]
        client.patch(kinds.CONFIG_MAPS, "a", "default", {"dataa": {}})
        assert warnings == ['unknown field "dataa"']
        with pytest.raises(errors.AlreadyExists, match='configmaps "a" already exists'):
            client.create(config_map("a"))
        batches = client.watch(kinds.CONFIG_MAPS, "default", send_initial_events=True)
        assert [event.type for event in next(batches)][0] == "ADDED"
        batches.close()
        frames = client.exec(api_pb2.ExecOpen(pod="a"), [api_pb2.Frame(stdin=b"hello")])
        assert [*frames] == [api_pb2.Frame(stdout=b"hello"), api_pb2.Frame(exitCode=3)]
        assert client.delete(kinds.CONFIG_MAPS, "a", "default") is None
        assert client.version().clusterName == "test"


async def test_the_blocking_client(api: Api, tmp_path: Path) -> None:
    async with serving(api, tmp_path / "api.sock") as target:
        await asyncio.to_thread(blocking_story, target)

"""A whole API server that listens on TCP: its folders of credentials, its rules over real calls, and node streams."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from apiserver.config import Config
from apiserver.main import running
from apiserver.security.authority import Authority
from apiserver.security.bundles import Bundles
from apiserver.security.identity import ADMIN, of_certificate
from apiserver.security.serving import ServingCertificate
from protos import api_pb2, kinds
from protos.kubernetes import coordination_pb2, core_pb2
from svclab.client import Client, Target, errors
from svclab.client.credentials import Credentials
from svclab.client.joining import credentials_of, join_token


@dataclass(frozen=True)
class Lab:
    """A running server; `folder` holds the credentials of its roles."""

    address: str
    folder: Path
    config: Config

    def client(self, role: str) -> Client:
        return Client(Target.parse(self.address, Credentials.load(self.folder / role).for_channel()))

    @asynccontextmanager
    async def node(self, name: str) -> AsyncIterator[Client]:
        """The client of a node that has joined."""
        own = await credentials_of(self.address, self.folder / name, self.folder / "join", name)
        async with Client(Target.parse(self.address, own.for_channel())) as client:
            yield client


@asynccontextmanager
async def lab(folder: Path) -> AsyncIterator[Lab]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    bundles = {role: folder / role for role in ("admin", "join", "cloud-controller")}
    config = Config(folder / "api.sock", folder / "state", listen=address, bundles=bundles, store="memory")
    async with running(config):
        yield Lab(address, folder, config)


def node_object(name: str) -> core_pb2.Node:
    made = core_pb2.Node()
    made.metadata.name = name
    return made


async def test_each_role_gets_what_is_its_own(tmp_path: Path) -> None:
    async with lab(tmp_path) as one, one.client("admin") as admin, one.node("node-1") as node:
        await node.create(node_object("node-1"))
        lease = coordination_pb2.Lease()
        lease.metadata.name, lease.metadata.namespace = "node-1", "kube-node-lease"
        lease.spec.holderIdentity, lease.spec.renewTime.seconds = "node-1", 1_800_000_000
        await node.create(lease)
        with pytest.raises(errors.Forbidden, match='"system:node:node-1" cannot create nodes'):
            await node.create(node_object("node-2"))
        with pytest.raises(errors.Forbidden):
            await node.delete(kinds.SERVICES, "kubernetes", "default")
        async with one.client("cloud-controller") as cloud:
            assert (await cloud.list(kinds.NODES)).items[0].metadata.name == "node-1"
            with pytest.raises(errors.Forbidden):
                await cloud.delete(kinds.NODES, "node-1")
        await admin.delete(kinds.NODES, "node-1")
    refused = [json.loads(line) for line in (one.config.state_dir / "audit.log").read_text().splitlines()]
    assert [line["user"] for line in refused] == [*["system:node:node-1"] * 2, "system:cloud-controller-manager"]


async def test_an_administrator_makes_join_tokens_for_one_node(tmp_path: Path) -> None:
    async with lab(tmp_path) as one, one.node("node-1"):
        token = await join_token(one.address, Credentials.load(tmp_path / "admin"), "node-4")
        token.save(tmp_path / "token")
        with pytest.raises(errors.Forbidden, match='"system:bootstrap:node-4" cannot sign certificates "node-5"'):
            await credentials_of(one.address, tmp_path / "node-5", tmp_path / "token", "node-5")
        joined = await credentials_of(one.address, tmp_path / "node-4", tmp_path / "token", "node-4")
        with pytest.raises(errors.Forbidden, match='"system:node:node-4" cannot sign certificates/join "node-1"'):
            await join_token(one.address, joined, "node-1")


async def test_a_node_cannot_answer_a_stream_that_another_was_asked_for(tmp_path: Path) -> None:
    async with (
        lab(tmp_path) as one,
        one.client("admin") as admin,
        one.node("node-1") as node,
        one.node("node-2") as thief,
    ):
        pod = core_pb2.Pod()
        pod.metadata.name, pod.metadata.namespace, pod.spec.nodeName = "web", "default", "node-1"
        pod.spec.containers.add(name="main", image="svclab/echo")
        await admin.create(node_object("node-1"))
        await admin.create(pod)
        asked = asyncio.Queue[str]()

        async def registered() -> None:
            async for request in node.node_streams("node-1"):
                asked.put_nowait(request.id)

        async def logs() -> None:
            async for _ in admin.logs(api_pb2.LogsRequest(namespace="default", pod="web")):
                raise AssertionError("nobody may answer")

        tasks = [asyncio.create_task(registered()), asyncio.create_task(logs())]
        stream = await asked.get()
        with pytest.raises(errors.Forbidden, match='cannot attach nodes "node-1"'):
            async for _ in thief.attach(stream, no_frames()):
                raise AssertionError("it was let in")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def no_frames() -> AsyncIterator[api_pb2.Frame]:
    nothing: tuple[api_pb2.Frame, ...] = ()
    for frame in nothing:
        yield frame


async def test_credentials_are_written_once_and_again_when_they_are_due(tmp_path: Path) -> None:
    authority = Authority.load_or_create(tmp_path / "pki", "lab")
    bundles = Bundles(authority, {"admin": tmp_path / "admin"})
    bundles.refresh()
    first = Credentials.load(tmp_path / "admin")
    bundles.refresh()
    assert Credentials.load(tmp_path / "admin") == first
    assert (tmp_path / "admin" / "client.key").stat().st_mode & 0o777 == 0o600
    authority.issue(ADMIN, timedelta(days=3), now=datetime.now(UTC) - timedelta(days=2, minutes=1)).save(
        tmp_path / "admin"
    )
    bundles.refresh()
    assert Credentials.load(tmp_path / "admin") != first
    assert of_certificate(Credentials.load(tmp_path / "admin").certificate) == ADMIN


def test_an_unknown_role_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='"cook" is none of the roles admin, '):
        Bundles(Authority.load_or_create(tmp_path, "lab"), {"cook": tmp_path / "cook"})


def test_the_serving_certificate_is_signed_anew_before_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serving = ServingCertificate(Authority.load_or_create(tmp_path, "lab"), ("localhost",))
    assert serving.newer() is None
    monkeypatch.setattr("apiserver.security.serving.renewal_due", lambda _: 0.0)
    assert serving.newer() is not None

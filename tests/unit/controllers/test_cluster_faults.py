"""The loops over a network that loses requests and answers: everything still ends as it should."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from typing import Any

import pytest
from google.protobuf.message import Message

from protos import kinds
from svclab.client import Client, errors
from svclab.client.transport import Metadata, Transport
from tests.unit.controllers.conftest import Cluster

LOSS = 0.3  # of the requests, and as much again of the answers; watches break as often


class LossyTransport:
    """Loses a part of what goes through it, until it is mended."""

    def __init__(self, inner: Transport, chance: random.Random) -> None:
        self._inner = inner
        self._chance = chance
        self.mended = False

    def _lose(self) -> None:
        if not self.mended and self._chance.random() < LOSS:
            raise errors.unreachable("the other side")

    async def unary(self, method: str, request: Message, response: type[Any], timeout: float) -> Any:
        self._lose()
        answer = await self._inner.unary(method, request, response, timeout)
        self._lose()
        return answer

    async def stream(
        self, method: str, request: Message | AsyncIterable[Message], response: type[Any], metadata: Metadata = ()
    ) -> AsyncGenerator[Any, None]:
        async for message in self._inner.stream(method, request, response, metadata):
            self._lose()
            yield message

    async def ready(self) -> None:
        await self._inner.ready()

    async def close(self) -> None:
        await self._inner.close()


@pytest.fixture(params=range(3))
async def lossy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Cluster]:
    monkeypatch.setattr("svclab.client.calls.READ_RETRY_PAUSES", (0.0,))
    monkeypatch.setattr("svclab.client.backoff.Backoff.pause", lambda backoff: 0.0)
    found = Cluster()
    transport = LossyTransport(found.client._transport, random.Random(request.param))
    found.loops_client = Client(transport)
    async with found.running():
        yield found
        transport.mended = True


async def test_what_is_lost_is_done_again(lossy: Cluster) -> None:
    for number in range(3):
        await lossy.add_node(f"node-{number}")
    for number in range(9):
        await lossy.add_pod(f"p{number}", app="web")
    await lossy.add_service("web", app="web")
    await lossy.add_service("gone", app="web")
    await lossy.settle(15)
    pods = await lossy.pods()
    nodes = [pod.spec.nodeName for pod in pods.values()]
    assert [nodes.count(f"node-{number}") for number in range(3)] == [3, 3, 3]
    cidrs = {(await lossy.node(f"node-{number}")).spec.podCIDR for number in range(3)}
    assert len(cidrs - {""}) == 3
    for number in range(9):
        await lossy.start_pod(f"p{number}", f"10.244.0.{number + 1}")
    await lossy.client.delete(kinds.SERVICES, "gone", "default")
    await lossy.settle(15)
    assert await lossy.ready_addresses("web") == {f"10.244.0.{number + 1}" for number in range(9)}
    assert sum(len(slice.endpoints) for slice in await lossy.slices("web")) == 9
    assert len(await lossy.slices("web")) == 1
    assert await lossy.slices("gone") == []
    assert await lossy.names(kinds.ENDPOINTS) == {"web"}

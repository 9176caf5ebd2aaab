"""A transport for tests, whose watches follow a script: one scene for each watch that is opened."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable
from typing import Any

from google.protobuf.message import Message

from protos import api_pb2
from svclab.client.transport import Metadata

Scene = list[api_pb2.WatchResponse | Exception]


class FakeTransport:
    """Plays the scenes, then a watch that stays open; keeps the requests that it saw."""

    def __init__(self, scenes: list[Scene]) -> None:
        self.scenes = scenes
        self.requests: list[Any] = []
        self.over = asyncio.Event()

    async def unary(self, method: str, request: Message, response: type[Any], timeout: float) -> Any:
        raise AssertionError(f"{method} is not in the script")

    async def stream(
        self, method: str, request: Message | AsyncIterable[Message], response: type[Any], metadata: Metadata = ()
    ) -> AsyncGenerator[Any, None]:
        self.requests.append(request)
        if not self.scenes:
            self.over.set()
            await asyncio.Event().wait()
        for answer in self.scenes.pop(0):
            if isinstance(answer, Exception):
                raise answer
            yield answer

    async def ready(self) -> None:
        """Always."""

    async def close(self) -> None:
        """Nothing is open."""

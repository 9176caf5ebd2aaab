"""Streams into pods: a client's call on one side, the node agent's Attach on the other, a pipe each way between them.

Agents dial in. Register tells an agent which streams are wanted; it answers each with an Attach that names the stream.
"""

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

from apiserver.registry import errors
from apiserver.server.pipe import Pipe, PipeClosed
from protos import api_pb2

ATTACH_SECONDS = 5.0  # how long a client waits for an agent that is just restarting
# gRPC ends the frames of a call that was cut off like those of a finished one, and cancels its handler right after.
CANCELLATION_SECONDS = 0.005
LAST_FRAMES = ("exitCode", "error")
END_OF_INPUT = api_pb2.Frame(endOfInput=True)


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """One stream between its opening and its end."""

    id: str
    node: str
    opening: api_pb2.Frame
    to_node: Pipe = field(default_factory=Pipe)
    to_client: Pipe = field(default_factory=Pipe)
    attached: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def request(self) -> api_pb2.StreamOpen:
        return api_pb2.StreamOpen(id=self.id, open=self.opening)

    def close(self) -> None:
        self.to_node.close()
        self.to_client.close()


class NodeStreams:
    """The agents that are connected, and the streams that wait for one of them."""

    def __init__(self) -> None:
        self._agents: dict[str, asyncio.Queue[api_pb2.StreamOpen | None]] = {}
        self._waiting: dict[str, Stream] = {}

    async def register(self, node: str) -> AsyncGenerator[api_pb2.StreamOpen, None]:
        """The streams wanted on this node, as they are asked for; ends when the agent registers anew, or at close."""
        wanted: asyncio.Queue[api_pb2.StreamOpen | None] = asyncio.Queue()
        for stream in self._waiting.values():
            if stream.node == node:
                wanted.put_nowait(stream.request)
        if (before := self._agents.get(node)) is not None:
            before.put_nowait(None)
        self._agents[node] = wanted
        try:
            while (request := await wanted.get()) is not None:
                yield request
        finally:
            if self._agents.get(node) is wanted:
                del self._agents[node]

    async def attach(self, stream_id: str, frames: AsyncIterator[api_pb2.Frame]) -> AsyncGenerator[api_pb2.Frame, None]:
        """The agent's end: `frames` come from the pod, the result goes to it. Raises BadRequest."""
        stream = self._waiting.pop(stream_id, None)
        if stream is None:
            raise errors.BadRequest(f'nobody waits for the stream "{stream_id}"')
        stream.attached.set()
        from_pod = asyncio.create_task(_from_pod(frames, stream.to_client))
        try:
            async for frame in stream.to_node:
                yield frame
        finally:
            from_pod.cancel()
            stream.to_client.close(errors.ServiceUnavailable(f'node "{stream.node}" went away during the stream'))
            stream.to_node.close()

    async def open(
        self, node: str, opening: api_pb2.Frame, frames: AsyncIterator[api_pb2.Frame] | None
    ) -> AsyncGenerator[api_pb2.Frame, None]:
        """The client's end: frames from the pod. Raises ServiceUnavailable if the node's agent does not answer."""
        stream = Stream(uuid.uuid4().hex, node, opening)
        self._waiting[stream.id] = stream
        if (agent := self._agents.get(node)) is not None:
            agent.put_nowait(stream.request)
        from_client: asyncio.Task[None] | None = None
        try:
            await self._attached(stream)
            from_client = asyncio.create_task(_to_pod(frames, stream.to_node)) if frames else None
            async for frame in stream.to_client:
                yield frame
                if frame.WhichOneof("frame") in LAST_FRAMES:
                    return
        finally:
            self._waiting.pop(stream.id, None)
            stream.close()
            if from_client is not None:
                from_client.cancel()

    def node_of(self, stream_id: str) -> str:
        """The node that was asked for a stream which nobody has answered yet; "" for any other."""
        stream = self._waiting.get(stream_id)
        return stream.node if stream else ""

    def close(self) -> None:
        """Lets every agent go."""
        for agent in self._agents.values():
            agent.put_nowait(None)

    async def _attached(self, stream: Stream) -> None:
        try:
            async with asyncio.timeout(ATTACH_SECONDS):
                await stream.attached.wait()
        except TimeoutError:
            state = "does not answer" if stream.node in self._agents else "is not connected"
            raise errors.ServiceUnavailable(f'node "{stream.node}" {state}: its agent may be stopped') from None


async def _from_pod(frames: AsyncIterator[api_pb2.Frame], pipe: Pipe) -> None:
    with suppress(PipeClosed):
        async for frame in frames:
            await pipe.send(frame)
        await asyncio.sleep(CANCELLATION_SECONDS)
        pipe.close()


async def _to_pod(frames: AsyncIterator[api_pb2.Frame], pipe: Pipe) -> None:
    """A client that has nothing more to send has ended the input, whether it says so or not."""
    last: api_pb2.Frame | None = None
    with suppress(PipeClosed):
        async for last in frames:
            await pipe.send(last)
        if last != END_OF_INPUT:
            await pipe.send(END_OF_INPUT)

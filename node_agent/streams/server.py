"""Keeps the node registered for streams, and answers each with the piece of code for its kind."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from node_agent.pods.connection import ShimError
from node_agent.pods.pods import PodNotHere, Pods
from node_agent.streams import exec, logs, port_forward
from node_agent.streams.descriptors import QUEUE, Queue
from protos import api_pb2
from protos.kubernetes import meta_pb2
from svclab.client import Client, errors

PAUSE = 0.05  # seconds before registering again after the server let us go

log = logging.getLogger(__name__)


class StreamServer:
    """Serves until cancelled."""

    def __init__(self, client: Client, node_name: str, pods: Pods) -> None:
        self._client, self._node_name, self._pods = client, node_name, pods
        self._streams: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        while True:
            try:
                async with aclosing(self._client.node_streams(self._node_name)) as wanted:
                    async for request in wanted:
                        self._serve(request)
            except errors.Unreachable:
                await self._client.ready()
            except errors.ApiError as error:
                log.warning("not registered for streams", extra={"error": str(error)})
            await asyncio.sleep(PAUSE)

    def _serve(self, request: api_pb2.StreamOpen) -> None:
        task = asyncio.create_task(self._stream(request))
        self._streams.add(task)
        task.add_done_callback(self._streams.discard)

    async def _stream(self, request: api_pb2.StreamOpen) -> None:
        """One stream: what the client sends goes into one queue, what the pod answers comes out of another."""
        incoming: Queue = asyncio.Queue(QUEUE)
        outgoing: Queue = asyncio.Queue(QUEUE)
        work = asyncio.create_task(self._answer(request.open, incoming, outgoing))
        try:
            async with aclosing(self._client.attach(request.id, _drain(outgoing))) as frames:
                async for frame in frames:
                    await incoming.put(frame)
        except errors.ApiError as error:
            log.debug("stream broken", extra={"stream": request.id, "error": str(error)})
        finally:
            work.cancel()

    async def _answer(self, opening: api_pb2.Frame, incoming: Queue, outgoing: Queue) -> None:
        try:
            match opening.WhichOneof("frame"):
                case "exec":
                    await exec.run(opening.exec, self._pods, incoming, outgoing)
                case "logs":
                    await logs.run(opening.logs, self._pods, outgoing)
                case "portForward":
                    await port_forward.run(opening.portForward, self._pods, incoming, outgoing)
        except (PodNotHere, ShimError, OSError, ValueError) as error:
            await outgoing.put(api_pb2.Frame(error=failure(error)))
        await outgoing.put(None)
        while True:  # whatever the client still sends
            await incoming.get()


def failure(error: Exception) -> meta_pb2.Status:
    """The Status by which a stream fails."""
    reason, code = ("NotFound", 404) if isinstance(error, PodNotHere) else ("BadRequest", 400)
    return meta_pb2.Status(status="Failure", message=str(error), reason=reason, code=code)


async def _drain(frames: Queue) -> AsyncGenerator[api_pb2.Frame, None]:
    while (frame := await frames.get()) is not None:
        yield frame

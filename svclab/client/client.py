"""The asyncio client, for programs that live: controllers, node agents, the mock cloud."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing
from types import TracebackType
from typing import Any, TypeVar, Unpack

from google.protobuf.message import Message

from protos import api_pb2
from protos.kinds import Kind
from svclab.client import calls, errors
from svclab.client.objects import Batch, Page, decode_event
from svclab.client.streams import async_opening_frames, checked
from svclab.client.target import Target
from svclab.client.transport import GrpcTransport, Transport

T = TypeVar("T")
M = TypeVar("M", bound=Message)

_NODE_STREAMS = "/svclab.api.v1.NodeStreams/"


class Client:
    """Calls to one API server. Every method raises the ApiError of svclab.client.errors.

    Belongs to the event loop that first uses it. `warn` is given each warning that the server attaches to an answer;
    `timeout` in seconds holds for each unary call. A watch or stream is cancelled by closing its iterator.
    """

    def __init__(
        self, target: Target | Transport, *, warn: Callable[[str], None] | None = None, timeout: float = 30.0
    ) -> None:
        self._transport: Transport = GrpcTransport(target) if isinstance(target, Target) else target
        self._warn = warn
        self._timeout = timeout

    async def get(self, kind: Kind, name: str, namespace: str = "", *, resource_version: str = "") -> Any:
        return await self._send(calls.get(kind, name, namespace, resource_version))

    async def list(self, kind: Kind, namespace: str = "", **selection: Unpack[calls.Selection]) -> Page:
        """One page of objects: all of them unless `limit` is given."""
        return await self._send(calls.list_page(kind, namespace, selection))

    async def pages(
        self, kind: Kind, namespace: str = "", **selection: Unpack[calls.Selection]
    ) -> AsyncGenerator[Page, None]:
        """All pages of `limit` objects each, from one consistent snapshot."""
        page = await self.list(kind, namespace, **selection)
        yield page
        while page.continue_token:
            selection["continue_token"] = page.continue_token
            page = await self.list(kind, namespace, **selection)
            yield page

    async def watch(
        self, kind: Kind, namespace: str = "", **options: Unpack[calls.WatchOptions]
    ) -> AsyncGenerator[Batch, None]:
        """Batches of changes in order, until the server ends the watch."""
        request = calls.watch(kind, namespace, options)
        answers = self._transport.stream(calls.SERVICE + "Watch", request, api_pb2.WatchResponse)
        async with aclosing(answers):
            async for answer in answers:
                yield [decode_event(kind, event) for event in answer.events]

    async def create(self, obj: M, *, dry_run: bool = False) -> M:
        return await self._send(calls.create(obj, dry_run))

    async def update(self, obj: M, *, dry_run: bool = False) -> M:
        return await self._send(calls.update(obj, dry_run))

    async def update_status(self, obj: M, *, dry_run: bool = False) -> M:
        return await self._send(calls.update(obj, dry_run, "UpdateStatus"))

    async def patch(
        self, kind: Kind, name: str, namespace: str, patch: Any, **options: Unpack[calls.PatchOptions]
    ) -> Any:
        """Patches with a dict (a JSON patch: a list). The default type is strategic."""
        return await self._send(calls.patch(kind, name, namespace, patch, options))

    async def delete(self, kind: Kind, name: str, namespace: str = "", **options: Unpack[calls.DeleteOptions]) -> Any:
        """Returns the object while it lingers (finalizers, grace period), None when it is gone."""
        return await self._send(calls.delete(kind, name, namespace, options))

    async def version(self) -> api_pb2.VersionResponse:
        return await self._send(calls.version())

    def exec(
        self, opening: api_pb2.ExecOpen, frames: AsyncIterable[api_pb2.Frame] | None = None
    ) -> AsyncGenerator[api_pb2.Frame, None]:
        """Runs a command in a pod. `frames` is its input; the last frame of the output holds exitCode."""
        return self._frames("Exec", async_opening_frames(api_pb2.Frame(exec=opening), frames))

    def port_forward(
        self, opening: api_pb2.PortForwardOpen, frames: AsyncIterable[api_pb2.Frame]
    ) -> AsyncGenerator[api_pb2.Frame, None]:
        """One connection to a port of a pod: `frames` of stdin go there, frames of stdout come back."""
        return self._frames("PortForward", async_opening_frames(api_pb2.Frame(portForward=opening), frames))

    def logs(self, request: api_pb2.LogsRequest) -> AsyncGenerator[api_pb2.Frame, None]:
        """The output of a container, as frames of stdout and stderr."""
        return self._frames("Logs", request)

    def node_streams(self, node: str) -> AsyncGenerator[api_pb2.StreamOpen, None]:
        """For node agents: the streams that somebody asks for on this node, as they are asked for."""
        request = api_pb2.RegisterRequest(node=node)
        return self._transport.stream(_NODE_STREAMS + "Register", request, api_pb2.StreamOpen)

    def attach(self, stream_id: str, frames: AsyncIterable[api_pb2.Frame]) -> AsyncGenerator[api_pb2.Frame, None]:
        """For node agents: answers one StreamOpen with `frames`, and yields what the other end sends."""
        metadata = (("svclab-stream-id", stream_id),)
        return self._transport.stream(_NODE_STREAMS + "Attach", frames, api_pb2.Frame, metadata)

    async def ready(self) -> None:
        """Returns once a server can be reached; waits for as long as there is none."""
        await self._transport.ready()

    def renew(self, target: Target) -> None:
        """Takes new credentials, or another address, for all calls from now on."""
        if isinstance(self._transport, GrpcTransport):
            self._transport.renew(target)

    async def close(self) -> None:
        await self._transport.close()

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _send(self, call: calls.Call[T]) -> T:
        for pause in calls.READ_RETRY_PAUSES if call.idempotent else ():
            try:
                return await self._send_once(call)
            except errors.Unreachable:
                await asyncio.sleep(pause)
        return await self._send_once(call)

    async def _send_once(self, call: calls.Call[T]) -> T:
        method = calls.SERVICE + call.method
        response = await self._transport.unary(method, call.request, call.response, self._timeout)
        if self._warn is not None:
            for warning in getattr(response, "warnings", ()):
                self._warn(warning)
        return call.read(response)

    async def _frames(
        self, method: str, request: Message | AsyncIterable[api_pb2.Frame]
    ) -> AsyncGenerator[api_pb2.Frame, None]:
        frames = self._transport.stream(calls.SERVICE + method, request, api_pb2.Frame)
        async with aclosing(frames):
            async for frame in frames:
                yield checked(frame)

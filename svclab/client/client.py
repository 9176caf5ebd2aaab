"""The asyncio client, for programs that live: controllers, node agents, the mock cloud."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable
from types import TracebackType
from typing import Any, TypeVar, Unpack

import grpc
import grpc.aio
from google.protobuf.message import Message

from protos import api_pb2
from protos.kinds import Kind
from svclab.client import calls, errors
from svclab.client.objects import Batch, Page, decode_event
from svclab.client.streams import async_opening_frames, checked
from svclab.client.target import Target

T = TypeVar("T")
M = TypeVar("M", bound=Message)

READ_RETRY_PAUSES = (0.05, 0.2, 0.5)  # seconds; a server that is just starting again is back within them
_NODE_STREAMS = "/svclab.api.v1.NodeStreams/"


class Client:
    """Calls to one API server. Every method raises the ApiError of svclab.client.errors.

    Belongs to the event loop that first uses it. `warn` is given each warning that the server attaches to an answer;
    `timeout` in seconds holds for each unary call. A watch or stream is cancelled by closing its iterator.
    """

    def __init__(self, target: Target, *, warn: Callable[[str], None] | None = None, timeout: float = 30.0) -> None:
        self.target = target
        self._warn = warn
        self._timeout = timeout
        self._open_channel: grpc.aio.Channel | None = None
        self._methods: dict[str, Any] = {}

    async def get(self, kind: Kind, name: str, namespace: str = "", *, resource_version: str = "") -> Any:
        return await self._send(calls.get(kind, name, namespace, resource_version))

    async def list(self, kind: Kind, namespace: str = "", **selection: Unpack[calls.Selection]) -> Page:
        """One page of objects: all of them unless `limit` is given."""
        return await self._send(calls.list_page(kind, namespace, selection))

    async def pages(self, kind: Kind, namespace: str = "", **selection: Unpack[calls.Selection]) -> AsyncIterator[Page]:
        """All pages of `limit` objects each, from one consistent snapshot."""
        page = await self.list(kind, namespace, **selection)
        yield page
        while page.continue_token:
            selection["continue_token"] = page.continue_token
            page = await self.list(kind, namespace, **selection)
            yield page

    async def watch(
        self, kind: Kind, namespace: str = "", **options: Unpack[calls.WatchOptions]
    ) -> AsyncIterator[Batch]:
        """Batches of changes in order, until the server ends the watch."""
        request = calls.watch(kind, namespace, options)
        async for batch in self._stream(self._channel().unary_stream, "Watch", request, api_pb2.WatchResponse):
            yield [decode_event(kind, event) for event in batch.events]

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
    ) -> AsyncIterator[api_pb2.Frame]:
        """Runs a command in a pod. `frames` is its input; the last frame of the output holds exitCode."""
        return self._frames("Exec", api_pb2.Frame(exec=opening), frames)

    def port_forward(
        self, opening: api_pb2.PortForwardOpen, frames: AsyncIterable[api_pb2.Frame]
    ) -> AsyncIterator[api_pb2.Frame]:
        """One connection to a port of a pod: `frames` of stdin go there, frames of stdout come back."""
        return self._frames("PortForward", api_pb2.Frame(portForward=opening), frames)

    async def logs(self, request: api_pb2.LogsRequest) -> AsyncIterator[api_pb2.Frame]:
        """The output of a container, as frames of stdout and stderr."""
        async for frame in self._stream(self._channel().unary_stream, "Logs", request, api_pb2.Frame):
            yield checked(frame)

    def node_streams(self, node: str) -> AsyncIterator[api_pb2.StreamOpen]:
        """For node agents: the streams that somebody asks for on this node, as they are asked for."""
        request = api_pb2.RegisterRequest(node=node)
        return self._stream(self._channel().unary_stream, "Register", request, api_pb2.StreamOpen, _NODE_STREAMS)

    def attach(self, stream_id: str, frames: AsyncIterable[api_pb2.Frame]) -> AsyncIterator[api_pb2.Frame]:
        """For node agents: answers one StreamOpen with `frames`, and yields what the other end sends."""
        shape, metadata = self._channel().stream_stream, (("svclab-stream-id", stream_id),)
        return self._stream(shape, "Attach", frames, api_pb2.Frame, _NODE_STREAMS, metadata)

    async def close(self) -> None:
        if self._open_channel is not None:
            await self._open_channel.close(grace=None)
            self._open_channel = None
            self._methods.clear()

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _channel(self) -> grpc.aio.Channel:
        if self._open_channel is None:
            address, options = self.target.address, self.target.channel_options
            if self.target.credentials is None:
                self._open_channel = grpc.aio.insecure_channel(address, options)
            else:
                self._open_channel = grpc.aio.secure_channel(address, self.target.credentials, options)
        return self._open_channel

    def _method(self, call: calls.Call[Any]) -> Any:
        if call.method not in self._methods:
            self._methods[call.method] = self._channel().unary_unary(
                calls.SERVICE + call.method,
                request_serializer=type(call.request).SerializeToString,
                response_deserializer=call.response.FromString,
            )
        return self._methods[call.method]

    async def _send(self, call: calls.Call[T]) -> T:
        for pause in READ_RETRY_PAUSES if call.idempotent else ():
            try:
                return await self._send_once(call)
            except errors.Unreachable:
                await asyncio.sleep(pause)
        return await self._send_once(call)

    async def _send_once(self, call: calls.Call[T]) -> T:
        try:
            response = await self._method(call)(call.request, timeout=self._timeout)
        except grpc.RpcError as error:
            raise errors.from_rpc(error, str(self.target)) from None
        if self._warn is not None:
            for warning in getattr(response, "warnings", ()):
                self._warn(warning)
        return call.read(response)

    async def _frames(
        self, method: str, opening: api_pb2.Frame, frames: AsyncIterable[api_pb2.Frame] | None
    ) -> AsyncIterator[api_pb2.Frame]:
        request = async_opening_frames(opening, frames)
        async for frame in self._stream(self._channel().stream_stream, method, request, api_pb2.Frame):
            yield checked(frame)

    async def _stream(
        self,
        shape: Callable[..., Any],
        method: str,
        request: Any,
        response: type[Any],
        service: str = calls.SERVICE,
        metadata: tuple[tuple[str, str], ...] = (),
    ) -> AsyncIterator[Any]:
        call = shape(
            service + method,
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response.FromString,
        )(request, metadata=metadata)
        try:
            async for message in call:
                yield message
        except grpc.RpcError as error:
            raise errors.from_rpc(error, str(self.target)) from None
        finally:
            call.cancel()

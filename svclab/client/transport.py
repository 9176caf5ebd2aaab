"""How calls reach an API server: over gRPC, or straight into a servicer of the same process.

The seam below Client: whoever implements Transport can be called by everything that is written with a Client.
"""

from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing
from typing import Any, NoReturn, Protocol

import grpc
import grpc.aio
from google.protobuf.message import Message

from svclab.client import errors
from svclab.client.target import Target

Metadata = tuple[tuple[str, str], ...]


class Transport(Protocol):
    """Carries calls. `method` is the full path, "/package.Service/Method"; failures are raised as ApiError."""

    async def unary(self, method: str, request: Message, response: type[Any], timeout: float) -> Any:
        """One request, one response, within `timeout` seconds."""

    def stream(
        self, method: str, request: Message | AsyncIterable[Message], response: type[Any], metadata: Metadata = ()
    ) -> AsyncGenerator[Any, None]:
        """One request or a stream of them, a stream of responses. Closing the iterator cancels the call."""

    async def ready(self) -> None:
        """Returns once a server can be reached; waits for as long as there is none."""

    async def close(self) -> None:
        """Ends all calls."""


class GrpcTransport:
    """Over a gRPC channel, which is opened by the first call and belongs to that call's event loop."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._open_channel: grpc.aio.Channel | None = None
        self._methods: dict[str, Any] = {}

    async def unary(self, method: str, request: Message, response: type[Any], timeout: float) -> Any:
        if method not in self._methods:
            self._methods[method] = self._channel().unary_unary(
                method,
                request_serializer=type(request).SerializeToString,
                response_deserializer=response.FromString,
            )
        try:
            return await self._methods[method](request, timeout=timeout)
        except grpc.RpcError as error:
            raise errors.from_rpc(error, str(self._target)) from None

    async def stream(
        self, method: str, request: Message | AsyncIterable[Message], response: type[Any], metadata: Metadata = ()
    ) -> AsyncGenerator[Any, None]:
        channel = self._channel()
        shape: Any = channel.unary_stream if isinstance(request, Message) else channel.stream_stream
        call = shape(
            method,
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response.FromString,
        )(request, metadata=metadata)
        try:
            async for message in call:
                yield message
        except grpc.RpcError as error:
            raise errors.from_rpc(error, str(self._target)) from None
        finally:
            call.cancel()

    def renew(self, target: Target) -> None:
        """New calls go to `target`; streams that are open stay where they are until they end."""
        self._target = target
        self._open_channel = None
        self._methods.clear()

    async def ready(self) -> None:
        await self._channel().channel_ready()

    async def close(self) -> None:
        if self._open_channel is not None:
            await self._open_channel.close(grace=None)
            self._open_channel = None
            self._methods.clear()

    def _channel(self) -> grpc.aio.Channel:
        if self._open_channel is None:
            address, options = self._target.address, self._target.channel_options
            if self._target.credentials is None:
                self._open_channel = grpc.aio.insecure_channel(address, options)
            else:
                self._open_channel = grpc.aio.secure_channel(address, self._target.credentials, options)
        return self._open_channel


class LocalTransport:
    """Straight into the methods of a servicer (protos.api_pb2_grpc.ApiServicer) that runs on the same event loop."""

    def __init__(self, servicer: Any) -> None:
        self._servicer = servicer

    async def unary(self, method: str, request: Message, response: type[Any], timeout: float) -> Any:
        return await self._implementation(method)(request, LocalContext())

    async def stream(
        self, method: str, request: Message | AsyncIterable[Message], response: type[Any], metadata: Metadata = ()
    ) -> AsyncGenerator[Any, None]:
        messages = self._implementation(method)(request, LocalContext(metadata))
        async with aclosing(messages):
            async for message in messages:
                yield message

    async def ready(self) -> None:
        """The servicer is there for as long as its process is."""

    async def close(self) -> None:
        """Nothing is held open."""

    def _implementation(self, method: str) -> Any:
        return getattr(self._servicer, method.rpartition("/")[2])


class LocalContext:
    """What a servicer asks of grpc.aio.ServicerContext, for a call without a wire."""

    def __init__(self, metadata: Metadata = ()) -> None:
        self._metadata = metadata

    def invocation_metadata(self) -> Metadata:
        return self._metadata

    async def abort(
        self, code: grpc.StatusCode, details: str = "", trailing_metadata: tuple[tuple[str, bytes], ...] = ()
    ) -> NoReturn:
        """Raises the ApiError of the Status in the trailer."""
        raise errors.from_answer(code, details, trailing_metadata, "this process")

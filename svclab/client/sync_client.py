"""The blocking client, for commands: cheap to import, connects on the first call."""

import os.path
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from types import TracebackType
from typing import Any, TypeVar, Unpack

import grpc
from google.protobuf.message import Message

from protos import api_pb2
from protos.kinds import Kind
from svclab.client import calls, errors
from svclab.client.objects import Batch, Page, decode_event
from svclab.client.streams import data_frames, opening_frames
from svclab.client.target import Target

T = TypeVar("T")
M = TypeVar("M", bound=Message)


class SyncClient:
    """Calls to one API server. Every method raises the ApiError of svclab.client.errors.

    `warn` is given each warning that the server attaches to an answer. `timeout` in seconds holds for each unary call.
    """

    def __init__(self, target: Target, *, warn: Callable[[str], None] | None = None, timeout: float = 30.0) -> None:
        self.target = target
        self._warn = warn
        self._timeout = timeout
        self._open_channel: grpc.Channel | None = None

    def get(self, kind: Kind, name: str, namespace: str = "", *, resource_version: str = "") -> Any:
        return self._send(calls.get(kind, name, namespace, resource_version))

    def list(self, kind: Kind, namespace: str = "", **selection: Unpack[calls.Selection]) -> Page:
        """One page of objects: all of them unless `limit` is given."""
        return self._send(calls.list_page(kind, namespace, selection))

    def pages(self, kind: Kind, namespace: str = "", **selection: Unpack[calls.Selection]) -> Iterator[Page]:
        """All pages of `limit` objects each, from one consistent snapshot."""
        page = self.list(kind, namespace, **selection)
        yield page
        while page.continue_token:
            selection["continue_token"] = page.continue_token
            page = self.list(kind, namespace, **selection)
            yield page

    def watch(
        self, kind: Kind, namespace: str = "", **options: Unpack[calls.WatchOptions]
    ) -> Generator[Batch, None, None]:
        """Batches of changes in order, until the server ends the watch. Closing the iterator cancels it."""
        request = calls.watch(kind, namespace, options)
        for batch in self._stream(self._channel().unary_stream, "Watch", request, api_pb2.WatchResponse):
            yield [decode_event(kind, event) for event in batch.events]

    def create(self, obj: M, *, dry_run: bool = False) -> M:
        return self._send(calls.create(obj, dry_run))

    def update(self, obj: M, *, dry_run: bool = False) -> M:
        return self._send(calls.update(obj, dry_run))

    def update_status(self, obj: M, *, dry_run: bool = False) -> M:
        return self._send(calls.update(obj, dry_run, "UpdateStatus"))

    def patch(self, kind: Kind, name: str, namespace: str, patch: Any, **options: Unpack[calls.PatchOptions]) -> Any:
        """Patches with a dict (a JSON patch: a list). The default type is strategic."""
        return self._send(calls.patch(kind, name, namespace, patch, options))

    def delete(self, kind: Kind, name: str, namespace: str = "", **options: Unpack[calls.DeleteOptions]) -> Any:
        """Returns the object while it lingers (finalizers, grace period), None when it is gone."""
        return self._send(calls.delete(kind, name, namespace, options))

    def version(self) -> api_pb2.VersionResponse:
        return self._send(calls.version())

    def exec(
        self, opening: api_pb2.ExecOpen, frames: Iterable[api_pb2.Frame] = ()
    ) -> Generator[api_pb2.Frame, None, None]:
        """Runs a command in a pod. `frames` is its input; the last frame of the output holds exitCode."""
        frames = opening_frames(api_pb2.Frame(exec=opening), frames)
        return data_frames(self._stream(self._channel().stream_stream, "Exec", frames, api_pb2.Frame))

    def logs(self, request: api_pb2.LogsRequest) -> Generator[api_pb2.Frame, None, None]:
        """The output of a container, as frames of stdout and stderr."""
        return data_frames(self._stream(self._channel().unary_stream, "Logs", request, api_pb2.Frame))

    def port_forward(
        self, opening: api_pb2.PortForwardOpen, frames: Iterable[api_pb2.Frame]
    ) -> Generator[api_pb2.Frame, None, None]:
        """One connection to a port of a pod: `frames` of stdin go there, frames of stdout come back."""
        frames = opening_frames(api_pb2.Frame(portForward=opening), frames)
        return data_frames(self._stream(self._channel().stream_stream, "PortForward", frames, api_pb2.Frame))

    def close(self) -> None:
        if self._open_channel is not None:
            self._open_channel.close()
            self._open_channel = None

    def __enter__(self) -> "SyncClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _channel(self) -> grpc.Channel:
        if self._open_channel is None:
            target = self.target
            if target.socket is not None and not os.path.exists(target.socket):
                raise errors.unreachable(str(target))
            if target.credentials is None:
                self._open_channel = grpc.insecure_channel(target.address, target.channel_options)
            else:
                self._open_channel = grpc.secure_channel(target.address, target.credentials, target.channel_options)
        return self._open_channel

    def _send(self, call: calls.Call[T]) -> T:
        for pause in calls.READ_RETRY_PAUSES if call.idempotent else ():
            try:
                return self._send_once(call)
            except errors.Stranger:
                raise
            except errors.Unreachable:
                self._channel()  # fails at once where there is no socket at all
                time.sleep(pause)
        return self._send_once(call)

    def _send_once(self, call: calls.Call[T]) -> T:
        method = self._channel().unary_unary(
            calls.SERVICE + call.method,
            request_serializer=type(call.request).SerializeToString,
            response_deserializer=call.response.FromString,
        )
        try:
            response = method(call.request, timeout=self._timeout)
        except grpc.RpcError as error:
            raise errors.from_rpc(error, str(self.target)) from None
        if self._warn is not None:
            for warning in getattr(response, "warnings", ()):
                self._warn(warning)
        return call.read(response)

    def _stream(
        self, shape: Callable[..., Any], method: str, request: Any, response: type[Any]
    ) -> Generator[Any, None, None]:
        call = shape(
            calls.SERVICE + method,
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response.FromString,
        )(request)
        try:
            yield from call
        except grpc.RpcError as error:
            raise errors.from_rpc(error, str(self.target)) from None
        finally:
            call.cancel()

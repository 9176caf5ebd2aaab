"""Failures to gRPC: the one place on the server's side that knows status codes."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import wraps
from typing import Any

import grpc
import grpc.aio

from apiserver.registry import errors
from apiserver.store import StoreClosed, StoreError, StoreFull
from protos.kubernetes import meta_pb2

log = logging.getLogger(__name__)

STATUS_TRAILER = "svclab-status-bin"
MAX_DETAILS = 1000  # characters of the message that every gRPC client shows
MAX_STATUS = 40 * 1024  # bytes: our client takes 64 KiB of metadata, where they are base64

CODES: dict[str, grpc.StatusCode] = {
    "BadRequest": grpc.StatusCode.INVALID_ARGUMENT,
    "Unauthorized": grpc.StatusCode.UNAUTHENTICATED,
    "Forbidden": grpc.StatusCode.PERMISSION_DENIED,
    "NotFound": grpc.StatusCode.NOT_FOUND,
    "MethodNotAllowed": grpc.StatusCode.UNIMPLEMENTED,
    "AlreadyExists": grpc.StatusCode.ALREADY_EXISTS,
    "Conflict": grpc.StatusCode.ABORTED,
    "Expired": grpc.StatusCode.OUT_OF_RANGE,
    "RequestEntityTooLarge": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "UnsupportedMediaType": grpc.StatusCode.INVALID_ARGUMENT,
    "Invalid": grpc.StatusCode.INVALID_ARGUMENT,
    "TooManyRequests": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "InternalError": grpc.StatusCode.INTERNAL,
    "ServiceUnavailable": grpc.StatusCode.UNAVAILABLE,
    "Timeout": grpc.StatusCode.DEADLINE_EXCEEDED,
}


def unary(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """A servicer's method whose exceptions become answers."""

    @wraps(method)
    async def translated(servicer: Any, request: Any, context: Any) -> Any:
        try:
            return await method(servicer, request, context)
        except Exception as error:
            return await refuse(context, error)

    return translated


def streaming(method: Callable[..., Awaitable[AsyncGenerator[Any, None]]]) -> Callable[..., AsyncGenerator[Any, None]]:
    """A servicer's method that returns a stream of answers, whose exceptions become its end."""

    @wraps(method)
    async def translated(servicer: Any, request: Any, context: Any) -> AsyncGenerator[Any, None]:
        try:
            async with aclosing(await method(servicer, request, context)) as responses:
                async for response in responses:
                    yield response
        except Exception as error:
            await refuse(context, error)

    return translated


async def refuse(context: Any, error: Exception) -> None:
    """Ends the call with the error's code and Status."""
    known = as_status_error(error)
    status = shortened(known.status)
    await context.abort(code_of(known), status.message[:MAX_DETAILS], ((STATUS_TRAILER, status.SerializeToString()),))


def code_of(error: errors.StatusError) -> grpc.StatusCode:
    """Conflict has two codes: read again and repeat, or give up because the object is another one."""
    if isinstance(error, errors.PreconditionFailed):
        return grpc.StatusCode.FAILED_PRECONDITION
    return CODES[error.reason]


def shortened(status: meta_pb2.Status) -> meta_pb2.Status:
    """The Status, cut where it would not fit into the metadata of an answer."""
    if status.ByteSize() <= MAX_STATUS:
        return status
    short = meta_pb2.Status()
    short.CopyFrom(status)
    short.message = status.message[: MAX_STATUS // 8]
    while short.ByteSize() > MAX_STATUS:
        del short.details.causes[len(short.details.causes) // 2 :]
    return short


def as_status_error(error: Exception) -> errors.StatusError:
    """What the client is told. What nobody foresaw is told to the log alone."""
    if isinstance(error, errors.StatusError):
        return error
    if isinstance(error, StoreFull):
        return errors.ServiceUnavailable(str(error))
    if isinstance(error, StoreClosed):
        return errors.ServiceUnavailable("the API server is stopping")
    if isinstance(error, StoreError):
        return errors.InternalError(str(error))
    log.error("request failed", exc_info=error)
    return errors.InternalError("see the log of the API server")

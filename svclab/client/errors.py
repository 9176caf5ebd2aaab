"""What a call can fail with. Only this module, on the client's side, knows gRPC's status codes.

ApiError                     the server refused; `status` is Kubernetes' Status
├── BadRequest  Unauthorized  Forbidden  NotFound  MethodNotAllowed
├── AlreadyExists  Conflict  Expired  Invalid
├── RequestEntityTooLarge  TooManyRequests
├── InternalError  ServiceUnavailable  Timeout
└── Unreachable              no server answered
"""

import re
from collections.abc import Iterable
from typing import Any

import grpc

from protos.kubernetes import meta_pb2

STATUS_TRAILER = "svclab-status-bin"


class ApiError(Exception):
    """A call that failed. `str(error)` is Kubernetes' message; `error.status` holds reason, details and causes."""

    reason = "Unknown"
    code = 500

    def __init__(self, status: meta_pb2.Status) -> None:
        super().__init__(status.message)
        self.status = status

    @property
    def cause_reasons(self) -> list[str]:
        """The reasons of the causes, such as FieldValueInvalid or NamespaceTerminating."""
        return [cause.reason for cause in self.status.details.causes]


class BadRequest(ApiError):
    reason, code = "BadRequest", 400


class Unauthorized(ApiError):
    reason, code = "Unauthorized", 401


class Forbidden(ApiError):
    reason, code = "Forbidden", 403


class NotFound(ApiError):
    reason, code = "NotFound", 404


class MethodNotAllowed(ApiError):
    reason, code = "MethodNotAllowed", 405


class AlreadyExists(ApiError):
    reason, code = "AlreadyExists", 409


class Conflict(ApiError):
    reason, code = "Conflict", 409


class Expired(ApiError):
    """The wanted resource version has been compacted away: list again."""

    reason, code = "Expired", 410


class RequestEntityTooLarge(ApiError):
    reason, code = "RequestEntityTooLarge", 413


class Invalid(ApiError):
    """The object breaks validation rules; `status.details.causes` names each field."""

    reason, code = "Invalid", 422


class TooManyRequests(ApiError):
    reason, code = "TooManyRequests", 429


class InternalError(ApiError):
    reason, code = "InternalError", 500


class ServiceUnavailable(ApiError):
    reason, code = "ServiceUnavailable", 503


class Timeout(ApiError):
    reason, code = "Timeout", 504


# Of all leaves so far: a server that answers is not unreachable.
_BY_REASON = {leaf.reason: leaf for leaf in ApiError.__subclasses__()} | {"Gone": Expired, "ServerTimeout": Timeout}


class Unreachable(ApiError):
    """No server answered: it is not running, is starting again, or the address is wrong."""

    reason, code = "ServiceUnavailable", 503


class Stranger(Unreachable):
    """A server answered, but its certificate is not of the authority that we trust."""


# For answers that carry no Status: they come from gRPC itself or from a proxy, not from the API.
_BY_CODE: dict[grpc.StatusCode, type[ApiError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: BadRequest,
    grpc.StatusCode.UNAUTHENTICATED: Unauthorized,
    grpc.StatusCode.PERMISSION_DENIED: Forbidden,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.UNIMPLEMENTED: MethodNotAllowed,
    grpc.StatusCode.ALREADY_EXISTS: AlreadyExists,
    grpc.StatusCode.ABORTED: Conflict,
    grpc.StatusCode.FAILED_PRECONDITION: Conflict,
    grpc.StatusCode.OUT_OF_RANGE: Expired,
    grpc.StatusCode.RESOURCE_EXHAUSTED: TooManyRequests,
    grpc.StatusCode.DEADLINE_EXCEEDED: Timeout,
}


# gRPC's own words, when the server has not even read the message.
_TOO_LARGE = re.compile(r"SERVER: Received message larger than max \(\d+ vs\. (\d+)\)")
_STRANGER = "TSI_PROTOCOL_FAILURE"  # in gRPC's details: the server's certificate is of another authority


def from_status(status: meta_pb2.Status) -> ApiError:
    """The error that a Status stands for."""
    return _BY_REASON.get(status.reason, ApiError)(status)


def from_rpc(error: Any, target: str) -> ApiError:
    """The error that a failed call (a grpc.RpcError of either colour) stands for; names a silent target."""
    return from_answer(error.code(), error.details() or "", error.trailing_metadata() or (), target)


def from_answer(code: grpc.StatusCode, details: str, trailer: Iterable[tuple[str, Any]], target: str) -> ApiError:
    """The error that the end of a call stands for: its Status if the trailer holds one, else its code."""
    for key, value in trailer:
        if key == STATUS_TRAILER:
            return from_status(meta_pb2.Status.FromString(value))
    if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):  # a server that stops cancels its streams
        return unreachable(target, details)
    if too_large := _TOO_LARGE.search(details):
        text = f"Request entity too large: limit is {too_large[1]}"
        return RequestEntityTooLarge(_failure(RequestEntityTooLarge, text))
    leaf = _BY_CODE.get(code, InternalError)
    return leaf(_failure(leaf, details or f"the server answered {code.name}"))


def unreachable(target: str, details: str = "") -> Unreachable:
    """No API server answers at the target, or what gRPC says of it means that the wrong one does."""
    if _STRANGER in details:
        text = f"what answers at {target} is not the cluster of these credentials: see `svclab context add`"
        return Stranger(_failure(Unreachable, text))
    text = f"no API server answers at {target}: is the cluster running? (svclab status)"
    return Unreachable(_failure(Unreachable, text))


def _failure(leaf: type[ApiError], message: str) -> meta_pb2.Status:
    return meta_pb2.Status(status="Failure", reason=leaf.reason, code=leaf.code, message=message)

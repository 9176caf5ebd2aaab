"""What the API answers instead of a result. Each error carries Kubernetes' Status.

StatusError
 +- BadRequest           400
 +- Unauthorized         401
 +- Forbidden            403
 +- NotFound             404
 +- MethodNotAllowed     405
 +- AlreadyExists        409
 +- Conflict             409
 |   +- PreconditionFailed
 +- Expired              410
 +- TooLarge             413
 +- UnsupportedMediaType 415
 +- Invalid              422   field by field
 +- TooManyRequests      429
 +- InternalError        500
 +- ServiceUnavailable   503
 +- Timeout              504
"""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from apiserver.registry.field_errors import FieldError
from protos.kinds import Kind
from protos.kubernetes import meta_pb2 as meta


class StatusError(Exception):
    """A failed call; `status` is what the client gets."""

    code: ClassVar[int] = 500
    reason: ClassVar[str] = "Unknown"

    def __init__(self, message: str, details: meta.StatusDetails | None = None) -> None:
        super().__init__(message)
        self.status = meta.Status(
            status="Failure", message=message, reason=self.reason, details=details, code=self.code
        )


class BadRequest(StatusError):
    code = 400
    reason = "BadRequest"


class Unauthorized(StatusError):
    code = 401
    reason = "Unauthorized"


class Forbidden(StatusError):
    """The request is understood and refused."""

    code = 403
    reason = "Forbidden"

    def __init__(self, kind: Kind, name: str, why: str, causes: Sequence[meta.StatusCause] = ()) -> None:
        super().__init__(f"{_named(kind, name)} is forbidden: {why}", _details(kind, name, causes))


class NotFound(StatusError):
    code = 404
    reason = "NotFound"

    def __init__(self, kind: Kind, name: str) -> None:
        super().__init__(f"{_named(kind, name)} not found", _details(kind, name))


class MethodNotAllowed(StatusError):
    code = 405
    reason = "MethodNotAllowed"


class AlreadyExists(StatusError):
    code = 409
    reason = "AlreadyExists"

    def __init__(self, kind: Kind, name: str) -> None:
        super().__init__(f"{_named(kind, name)} already exists", _details(kind, name))


class Conflict(StatusError):
    """The object is no longer what the request was made for."""

    code = 409
    reason = "Conflict"

    def __init__(
        self,
        kind: Kind,
        name: str,
        why: str = "the object has been modified; please apply your changes to the latest version and try again",
    ) -> None:
        super().__init__(f"Operation cannot be fulfilled on {_named(kind, name)}: {why}", _details(kind, name))


class PreconditionFailed(Conflict):
    """The object is not the one that the request names by uid or resourceVersion."""


class Expired(StatusError):
    """The revision is compacted. `continue_token` goes on from the newest state, at the cost of consistency."""

    code = 410
    reason = "Expired"

    def __init__(self, message: str, continue_token: str = "") -> None:
        super().__init__(message)
        self.status.metadata.SetInParent()
        setattr(self.status.metadata, "continue", continue_token)


class TooLarge(StatusError):
    code = 413
    reason = "RequestEntityTooLarge"


class UnsupportedMediaType(StatusError):
    code = 415
    reason = "UnsupportedMediaType"


class Invalid(StatusError):
    """The object breaks rules; every broken rule is a cause."""

    code = 422
    reason = "Invalid"

    def __init__(self, kind: Kind, name: str, errors: Iterable[FieldError]) -> None:
        self.errors = tuple(dict.fromkeys(errors))
        texts = list(dict.fromkeys(str(error) for error in self.errors))
        shown = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
        subject = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
        causes = [meta.StatusCause(reason=e.reason, message=e.body, field=e.path) for e in self.errors]
        details = meta.StatusDetails(name=name, group=kind.group, kind=kind.kind, causes=causes)
        super().__init__(f'{subject} "{name}" is invalid: {shown}', details)


class TooManyRequests(StatusError):
    code = 429
    reason = "TooManyRequests"


class InternalError(StatusError):
    code = 500
    reason = "InternalError"

    def __init__(self, text: str) -> None:
        causes = [meta.StatusCause(message=text)]
        super().__init__(f"Internal error occurred: {text}", meta.StatusDetails(causes=causes))


class ServiceUnavailable(StatusError):
    code = 503
    reason = "ServiceUnavailable"


class Timeout(StatusError):
    """Not now; `retry_after` in seconds."""

    code = 504
    reason = "Timeout"

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(f"Timeout: {message}", meta.StatusDetails(retryAfterSeconds=retry_after))


def _named(kind: Kind, name: str) -> str:
    resource = f"{kind.resource}.{kind.group}" if kind.group else kind.resource
    return f'{resource} "{name}"'


def _details(kind: Kind, name: str, causes: Sequence[meta.StatusCause] = ()) -> meta.StatusDetails:
    return meta.StatusDetails(name=name, group=kind.group, kind=kind.resource, causes=causes)

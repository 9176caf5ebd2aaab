"""Each failure becomes one gRPC code and one Status, and the client makes the same error of it again."""

import inspect
import logging

import grpc
import pytest

from apiserver.registry import errors
from apiserver.registry.field_errors import invalid
from apiserver.server import failures
from apiserver.store import StoreClosed, StoreError, StoreFull
from protos import kinds
from protos.kubernetes import meta_pb2
from svclab.client import errors as client_errors
from svclab.client.transport import LocalContext

SERVICES = kinds.SERVICES

EXAMPLES: list[errors.StatusError] = [
    errors.BadRequest("no"),
    errors.Unauthorized("who?"),
    errors.Forbidden(SERVICES, "web", "not today"),
    errors.NotFound(SERVICES, "web"),
    errors.MethodNotAllowed("no"),
    errors.AlreadyExists(SERVICES, "web"),
    errors.Conflict(SERVICES, "web"),
    errors.PreconditionFailed(SERVICES, "web", "another uid"),
    errors.Expired("too old", "token"),
    errors.TooLarge("too large"),
    errors.UnsupportedMediaType("what?"),
    errors.Invalid(SERVICES, "web", [invalid("spec.ports[0].port", 0, "must be between 1 and 65535, inclusive")]),
    errors.TooManyRequests("slowly"),
    errors.InternalError("broken"),
    errors.ServiceUnavailable("later"),
    errors.Timeout("later"),
]


def leaves() -> set[type[errors.StatusError]]:
    classes = [each for _, each in inspect.getmembers(errors, inspect.isclass)]
    return {each for each in classes if issubclass(each, errors.StatusError)} - {errors.StatusError}


def test_every_error_has_an_example_and_a_code() -> None:
    assert {type(example) for example in EXAMPLES} == leaves()
    assert {leaf.reason for leaf in leaves()} == set(failures.CODES)


class Recorder(LocalContext):
    """Remembers the code of the answer."""

    code: grpc.StatusCode | None = None

    async def abort(self, code, details="", trailing_metadata=()):  # type: ignore[no-untyped-def]
        self.code = code
        await super().abort(code, details, trailing_metadata)


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
async def test_the_client_sees_the_servers_error(error: errors.StatusError) -> None:
    context = Recorder()
    with pytest.raises(client_errors.ApiError) as caught:
        await failures.refuse(context, error)
    assert context.code is failures.code_of(error)
    assert (caught.value.status, str(caught.value)) == (error.status, str(error))
    if not isinstance(error, errors.UnsupportedMediaType):
        assert (caught.value.reason, caught.value.code) == (error.reason, error.code)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (StoreFull("/x/store.db: the disk is full"), "/x/store.db: the disk is full"),
        (StoreError("/x/store.db: disk I/O error"), "Internal error occurred: /x/store.db: disk I/O error"),
        (StoreClosed(), "the API server is stopping"),
    ],
)
def test_failures_of_the_store_are_said_plainly(error: StoreError, message: str) -> None:
    assert str(failures.as_status_error(error)) == message


def test_what_nobody_foresaw_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        known = failures.as_status_error(KeyError("secret"))
    assert isinstance(known, errors.InternalError)
    assert "secret" not in str(known.status)
    assert "secret" in caplog.text


def test_a_huge_status_is_cut_to_what_metadata_carries() -> None:
    causes = [meta_pb2.StatusCause(message="x" * 500, field=f"spec.ports[{number}]") for number in range(1000)]
    status = meta_pb2.Status(message="y" * 500_000, details=meta_pb2.StatusDetails(name="web", causes=causes))
    short = failures.shortened(status)
    assert short.ByteSize() <= failures.MAX_STATUS
    assert short.details.causes[0] == causes[0]
    assert short.details.name == "web"
    assert len(status.details.causes) == 1000

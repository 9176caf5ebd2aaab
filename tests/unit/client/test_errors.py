import grpc
import pytest

from protos.kubernetes import meta_pb2
from svclab.client import errors

LEAVES = [leaf for leaf in errors.ApiError.__subclasses__() if leaf is not errors.Unreachable]


@pytest.mark.parametrize("leaf", LEAVES)
def test_each_reason_becomes_its_leaf_and_keeps_the_status(leaf: type[errors.ApiError]) -> None:
    status = meta_pb2.Status(reason=leaf.reason, code=leaf.code, message="what is wrong")
    trailer = ((errors.STATUS_TRAILER, status.SerializeToString()),)
    error = errors.from_answer(grpc.StatusCode.UNKNOWN, "", trailer, "unix:/s")
    assert type(error) is leaf
    assert error.status == status
    assert str(error) == "what is wrong"


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
def test_an_answer_without_status_still_says_what_happened(code: grpc.StatusCode) -> None:
    error = errors.from_answer(code, "", (), "unix:/s")
    assert error.status.status == "Failure"
    assert error.status.code >= 400
    assert (code.name in str(error)) != isinstance(error, errors.Unreachable)


def test_no_answer_names_the_target_in_one_line() -> None:
    error = errors.from_answer(grpc.StatusCode.UNAVAILABLE, "failed to connect ...", (), "unix:/s")
    assert type(error) is errors.Unreachable
    assert str(error) == "no API server answers at unix:/s: is the cluster running? (svclab status)"


def test_a_message_that_the_server_does_not_read_is_too_large() -> None:
    details = "SERVER: Received message larger than max (9700057 vs. 3145728)"
    error = errors.from_answer(grpc.StatusCode.RESOURCE_EXHAUSTED, details, (), "unix:/s")
    assert (type(error), error.status.code) == (errors.RequestEntityTooLarge, 413)
    assert str(error) == "Request entity too large: limit is 3145728"

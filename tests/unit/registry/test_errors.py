"""Errors carry Kubernetes' Status: code, reason, message, details."""

import pytest

from apiserver.registry import errors, field_errors
from protos.kinds import ENDPOINT_SLICES, SERVICES
from protos.kubernetes.core_pb2 import ServicePort
from protos.kubernetes.meta_pb2 import IntOrString

CASES = [
    (errors.BadRequest("x"), 400, "BadRequest", "x"),
    (errors.Unauthorized("x"), 401, "Unauthorized", "x"),
    (errors.Forbidden(SERVICES, "a", "no"), 403, "Forbidden", 'services "a" is forbidden: no'),
    (errors.NotFound(SERVICES, "a"), 404, "NotFound", 'services "a" not found'),
    (errors.NotFound(ENDPOINT_SLICES, "a"), 404, "NotFound", 'endpointslices.discovery.k8s.io "a" not found'),
    (errors.MethodNotAllowed("x"), 405, "MethodNotAllowed", "x"),
    (errors.AlreadyExists(SERVICES, "a"), 409, "AlreadyExists", 'services "a" already exists'),
    (
        errors.PreconditionFailed(SERVICES, "a", "x"),
        409,
        "Conflict",
        'Operation cannot be fulfilled on services "a": x',
    ),
    (errors.Expired("x"), 410, "Expired", "x"),
    (errors.TooLarge("x"), 413, "RequestEntityTooLarge", "x"),
    (errors.UnsupportedMediaType("x"), 415, "UnsupportedMediaType", "x"),
    (errors.TooManyRequests("x"), 429, "TooManyRequests", "x"),
    (errors.InternalError("x"), 500, "InternalError", "Internal error occurred: x"),
    (errors.ServiceUnavailable("x"), 503, "ServiceUnavailable", "x"),
    (errors.Timeout("x"), 504, "Timeout", "Timeout: x"),
]


@pytest.mark.parametrize(("error", "code", "reason", "message"), CASES, ids=[reason for *_, reason, _ in CASES])
def test_status(error: errors.StatusError, code: int, reason: str, message: str) -> None:
    status = error.status
    assert (status.status, status.code, status.reason, status.message) == ("Failure", code, reason, message)
    assert str(error) == message


def test_details() -> None:
    details = errors.NotFound(ENDPOINT_SLICES, "a").status.details
    assert (details.name, details.group, details.kind) == ("a", "discovery.k8s.io", "endpointslices")
    assert errors.Timeout("x", 3).status.details.retryAfterSeconds == 3
    assert getattr(errors.Expired("x", "token").status.metadata, "continue") == "token"


def test_field_errors_are_told_once() -> None:
    broken = field_errors.required("spec.a")
    error = errors.Invalid(SERVICES, "a", [broken, broken])
    assert error.status.message == 'Service "a" is invalid: spec.a: Required value'
    assert len(error.status.details.causes) == 1


VALUES = [
    (7, "7"),
    (True, "true"),
    ('a"b', '"a\\"b"'),
    ("ä", '"ä"'),
    (None, "null"),
    (["a", "b"], '["a","b"]'),
    ([], "[]"),
    (IntOrString(type=1, strVal="http"), '"http"'),
    (ServicePort(port=80), '{"port":80,"targetPort":0}'),
]


@pytest.mark.parametrize(("value", "text"), VALUES, ids=[text for _, text in VALUES])
def test_values_are_shown_as_json(value: object, text: str) -> None:
    assert str(field_errors.invalid("spec.a", value, "must be b")) == f"spec.a: Invalid value: {text}: must be b"


def test_texts_of_the_other_kinds() -> None:
    assert (
        str(field_errors.not_supported("a", "x", ["c", "b"])) == 'a: Unsupported value: "x": supported values: "b", "c"'
    )
    assert str(field_errors.duplicate("a", 1)) == "a: Duplicate value: 1"
    assert str(field_errors.forbidden("a", "x")) == "a: Forbidden: x"
    assert str(field_errors.too_long("a", 3)) == "a: Too long: may not be more than 3 bytes"
    assert str(field_errors.too_many("a", 4, 3)) == "a: Too many: 4: must have at most 3 items"
    assert str(field_errors.not_found("a", "x")) == 'a: Not found: "x"'

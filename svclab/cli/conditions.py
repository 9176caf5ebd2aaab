"""What `wait --for=...` waits for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from svclab.cli import jsonpath
from svclab.cli.errors import BadUsage, CliError

Met = Callable[[Any], bool]


@dataclass(frozen=True)
class Condition:
    """`event` says whether the object must be gone, be there, or be in a state that `met(object)` tells."""

    event: Literal["delete", "create", "state"]
    met: Met = lambda obj: True


def parse_condition(text: str) -> Condition:
    """Reads `delete`, `create`, `condition=NAME[=VALUE]`, `jsonpath={PATH}[=VALUE]`. Raises CliError."""
    if not text:
        raise BadUsage("--for is required: say what to wait for, such as --for=condition=Ready")
    if text.lower() in ("delete", "create"):
        return Condition("delete" if text.lower() == "delete" else "create")
    name, equals, rest = text.partition("=")
    if name == "condition" and rest:
        return Condition("state", _has_condition(rest))
    if name == "jsonpath" and equals:
        return Condition("state", _has_value(rest))
    raise BadUsage(
        f'unrecognized condition: "{text}": must be delete, create, condition=NAME[=VALUE] or jsonpath={{PATH}}[=VALUE]'
    )


def _has_condition(text: str) -> Met:
    wanted, _, value = text.partition("=")
    value = value or "true"

    def met(obj: Any) -> bool:
        status = getattr(obj, "status", None)
        return any(
            item.type.casefold() == wanted.casefold() and item.status.casefold() == value.casefold()
            for item in getattr(status, "conditions", ())
        )

    return met


def _has_value(text: str) -> Met:
    """Without a value: the path finds something. With one: it finds exactly that."""
    path, value = _split_path(text.strip("'\""))
    try:
        template = jsonpath.relaxed(path)
    except jsonpath.JSONPathError as error:
        raise CliError(f"invalid jsonpath {path}: {error}") from error

    def met(obj: Any) -> bool:
        from protos.jsonform import to_object
        from svclab.cli.jsonpath.evaluate import as_text

        try:
            found = jsonpath.find(template, to_object(obj))
        except jsonpath.JSONPathError:
            return False  # such as the first item of a list that is still empty
        if value is None:
            return bool(found)
        if len(found) > 1:
            raise CliError("given jsonpath expression matches more than one value")
        return bool(found) and as_text(found[0]) == value

    return met


def _split_path(text: str) -> tuple[str, str | None]:
    """The path, which may hold `==` in its filters, and the value after it."""
    if text.startswith("{"):
        end = text.rfind("}")
        path, rest = text[: end + 1], text[end + 1 :]
        if end < 0 or (rest and not rest.startswith("=")):
            raise BadUsage(f'jsonpath wait format must be --for=jsonpath={{PATH}}=VALUE, not "{text}"')
        return path, rest[1:].strip("'\"") if rest else None
    path, equals, value = text.partition("=")
    return path, value.strip("'\"") if equals else None

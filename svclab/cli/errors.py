"""What a command can fail with, and the one line that a user reads of it.

CliError           exit code 1, the text as it stands
├── BadUsage       points at the command's --help
└── ExitWith       an exit code to pass on (of a process in a pod, of a diff), with nothing more to say
"""

import sys
from collections.abc import Iterable
from typing import Any


class CliError(Exception):
    """A failure whose text is written for the user: what is wrong, where, what to do."""

    exit_code = 1


class BadUsage(CliError):
    """The command line itself makes no sense."""


class ExitWith(CliError):
    """Ends the command with this exit code and no message."""

    def __init__(self, exit_code: int) -> None:
        super().__init__("")
        self.exit_code = exit_code


def api_error_type() -> type[Exception]:
    """ApiError where the client has been loaded; otherwise a type that nothing raises (loading it costs 50 ms)."""
    module = sys.modules.get("svclab.client.errors")
    found: type[Exception] = module.ApiError if module else ExitWith
    return found


def is_not_found(error: Exception) -> bool:
    """Whether the server said that the object is not there."""
    return getattr(error, "reason", "") == "NotFound"


def api_error_text(error: Any, context: str = "") -> str:
    """kubectl's words for a refused request; `context` (`error when creating "web.yaml"`) precedes the message."""
    status = error.status
    if type(error).__name__ in ("Unreachable", "Stranger"):
        return f"error: {status.message}"
    if status.reason == "Invalid" and status.details.kind:
        return _invalid_text(status.details)
    message = f"{context}: {status.message}" if context else status.message
    if not status.reason or status.reason == "Unknown":
        return f"Error from server: {message}"
    return f"Error from server ({status.reason}): {message}"


def _invalid_text(details: Any) -> str:
    """`The Service "web" is invalid: field: message`, or a list where several fields are wrong."""
    prefix = f'The {details.kind} "{details.name}" is invalid'
    causes = list(
        _unique(f"{cause.field}: {cause.message}" if cause.field else cause.message for cause in details.causes)
    )
    if not causes:
        return prefix
    if len(causes) == 1:
        return f"{prefix}: {causes[0]}"
    return "\n".join([f"{prefix}: ", *(f"* {cause}" for cause in causes)])


def _unique(texts: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(texts)

"""`run --attach` and `run -it`: a new pod in the foreground."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from protos.kinds import PODS
from svclab.cli.deletion import Deletion
from svclab.cli.errors import CliError, ExitWith
from svclab.cli.fetching import Following
from svclab.cli.log_streams import LogSource
from svclab.cli.podstate import pod_state
from svclab.cli.selection import Request
from svclab.cli.settings import client, namespace
from svclab.cli.terminal import usable_terminal

HOLD = ("sleep", "infinity")  # what the container of an interactive pod runs: the typed command runs beside it
_START_SECONDS = 60.0
_STARTED = ("Running", "Succeeded", "Failed")


def follow_to_end(name: str, *, restart_policy: str, remove: bool) -> None:
    """Shows what the pod writes, deletes it if asked to, and passes its exit code on as ExitWith."""
    request = Request(PODS, name, namespace())
    with _removed(request, remove):
        started = _wait(request, _STARTED)
        source = LogSource(request.namespace, request.name, started.spec.containers[0].name, follow=True)
        for chunk in source.chunks():
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
        exit_code = _exit_code(request) if restart_policy == "Never" else 0
    if exit_code:
        raise ExitWith(exit_code)


def interact(name: str, command: Sequence[str], *, stdin: bool, tty: bool, remove: bool) -> None:
    """Runs a command in the pod, once it has started, with the person's terminal; passes its exit code on."""
    from protos.api_pb2 import ExecOpen
    from svclab.cli.session import Session

    request = Request(PODS, name, namespace())
    with _removed(request, remove):
        _wait(request, _STARTED)
        terminal = usable_terminal(tty, with_input=stdin)
        opening = ExecOpen(namespace=request.namespace, pod=name, command=command, stdin=stdin, tty=terminal)
        exit_code = Session(opening).run()
    if exit_code:
        raise ExitWith(exit_code)


@contextmanager
def _removed(request: Request, remove: bool) -> Iterator[None]:
    """Deletes the pod at the end, whatever happened."""
    try:
        yield
    finally:
        if remove:
            Deletion(grace_period=1).delete(client().get(PODS, request.name, request.namespace))
            sys.stdout.write(f'pod "{request.name}" deleted\n')


def _wait(request: Request, phases: tuple[str, ...]) -> Any:
    found = client().get(request.kind, request.name, request.namespace)
    if found.status.phase in phases:
        return found
    deadline = time.monotonic() + _START_SECONDS
    for event in Following(request).events(found.metadata.resourceVersion, deadline):
        found = event.object
        if event.type == "DELETED":
            raise CliError(f'pod "{request.name}" was deleted')
        if found.status.phase in phases:
            return found
    raise CliError(f'pod "{request.name}" has not come so far in {_START_SECONDS:.0f} s: {pod_state(found).status}')


def _exit_code(request: Request) -> int:
    ended = _wait(request, ("Succeeded", "Failed"))
    return max((status.state.terminated.exitCode for status in ended.status.containerStatuses), default=0)

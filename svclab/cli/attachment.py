"""`run --attach`: the output of a new pod until it ends."""

import sys
import time
from typing import Any

from protos.kinds import PODS
from svclab.cli.deletion import Deletion
from svclab.cli.errors import CliError, ExitWith
from svclab.cli.fetching import Following
from svclab.cli.log_streams import LogSource
from svclab.cli.podstate import pod_state
from svclab.cli.selection import Request
from svclab.cli.settings import client, namespace

_START_SECONDS = 60.0


def follow_to_end(pod: Any, *, remove: bool) -> None:
    """Shows what the pod writes, deletes it if asked to, and passes its exit code on as ExitWith."""
    request = Request(PODS, pod.metadata.name, namespace())
    try:
        started = _wait(request, ("Running", "Succeeded", "Failed"), _START_SECONDS)
        source = LogSource(request.namespace, request.name, started.spec.containers[0].name, follow=True)
        for chunk in source.chunks():
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
        exit_code = _exit_code(request, pod.spec.restartPolicy)
    finally:
        if remove:
            Deletion(grace_period=1).delete(client().get(PODS, request.name, request.namespace))
    if remove:
        sys.stdout.write(f'pod "{request.name}" deleted\n')
    if exit_code:
        raise ExitWith(exit_code)


def _wait(request: Request, phases: tuple[str, ...], seconds: float) -> Any:
    found = client().get(request.kind, request.name, request.namespace)
    if found.status.phase in phases:
        return found
    deadline = time.monotonic() + seconds
    for event in Following(request).events(found.metadata.resourceVersion, deadline):
        found = event.object
        if event.type == "DELETED":
            raise CliError(f'pod "{request.name}" was deleted')
        if found.status.phase in phases:
            return found
    raise CliError(f'pod "{request.name}" did not start in {seconds:.0f} seconds: it is {pod_state(found).status}')


def _exit_code(request: Request, restart_policy: str) -> int:
    """Of a pod that ends for good; one that is restarted has no exit code to pass on."""
    if restart_policy != "Never":
        return 0
    ended = _wait(request, ("Succeeded", "Failed"), _START_SECONDS)
    return max((status.state.terminated.exitCode for status in ended.status.containerStatuses), default=0)

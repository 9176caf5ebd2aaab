"""Which pod and container `logs`, `exec` and `port-forward` mean."""

from collections.abc import Sequence
from typing import Any

from protos.kinds import PODS
from svclab.cli.errors import BadUsage, CliError
from svclab.cli.messages import note
from svclab.cli.podstate import has_condition
from svclab.cli.selection import Request, one_object
from svclab.cli.settings import client

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"


def pod_of(words: Sequence[str], verb: str) -> Any:
    """The pod that `NAME`, `pod/NAME` or `svc/NAME` means; of a Service's pods, one that is ready. Raises CliError."""
    request = one_object(words, verb, default="pods")
    if request.kind.kind == "Pod":
        return client().get(request.kind, request.name, request.namespace)
    return ready_pod(pods_of(request))


def pods_of(request: Request) -> list[Any]:
    """The pods that a Service selects, the ready ones first. Raises CliError if there are none."""
    if request.kind.kind != "Service":
        raise CliError(
            f"cannot choose a pod by {request.kind.resource}/{request.name}: only pods and services lead to one"
        )
    service = client().get(request.kind, request.name, request.namespace)
    if not service.spec.selector:
        raise CliError(f"service {request.name!r} has no selector: it leads to no pod")
    selector = ",".join(f"{key}={value}" for key, value in service.spec.selector.items())
    found = client().list(PODS, request.namespace, label_selector=selector).items
    if not found:
        raise CliError(f"no pods match the selector of service {request.name!r} ({selector})")
    return sorted(found, key=lambda pod: not has_condition(pod, "Ready"))


def ready_pod(pods: Sequence[Any]) -> Any:
    """The first pod, with a remark if there were others."""
    if len(pods) > 1:
        note(f"Found {len(pods)} pods, using pod/{pods[0].metadata.name}")
    return pods[0]


def container_of(pod: Any, name: str, *, quiet: bool = False) -> str:
    """The container that -c names, or the pod's default. Raises BadUsage for one that is not in the pod."""
    known = container_names(pod)
    if name:
        if name not in known:
            choices = ", ".join(known)
            raise BadUsage(f"container {name} not found in pod {pod.metadata.name}; choose one of: {choices}")
        return name
    own = [container.name for container in pod.spec.containers]
    chosen = pod.metadata.annotations.get(DEFAULT_CONTAINER) or own[0]
    if len(known) > 1 and not quiet and DEFAULT_CONTAINER not in pod.metadata.annotations:
        choices = ", ".join([*own, *(f"{item} (init)" for item in known if item not in own)])
        note(f'Defaulted container "{chosen}" out of: {choices}')
    return str(chosen)


def container_names(pod: Any) -> list[str]:
    """All containers of a pod, init containers first."""
    return [container.name for container in (*pod.spec.initContainers, *pod.spec.containers)]

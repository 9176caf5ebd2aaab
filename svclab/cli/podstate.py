"""What a pod's containers add up to: the columns READY, STATUS and RESTARTS (printPod of Kubernetes' printers)."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PodState:
    """`last_restart` in seconds since 1970; 0 if no container has been restarted."""

    ready: int
    containers: int
    status: str
    restarts: int
    last_restart: float


def pod_state(pod: Any) -> PodState:
    """Sums up a pod."""
    initializing = _initializing(pod)
    own = [] if initializing and not has_condition(pod, "Initialized") else list(pod.status.containerStatuses)
    counted = own or list(pod.status.initContainerStatuses)
    return PodState(
        ready=sum(_is_up(status) for status in own),
        containers=len(pod.spec.containers),
        status=_status(pod, initializing, own),
        restarts=sum(status.restartCount for status in counted),
        last_restart=max((status.lastState.terminated.finishedAt.seconds for status in counted), default=0),
    )


def _status(pod: Any, initializing: str, own: list[Any]) -> str:
    status = initializing or pod.status.reason or pod.status.phase or "Unknown"
    if any(item.type == "PodScheduled" and item.reason == "SchedulingGated" for item in pod.status.conditions):
        status = "SchedulingGated"
    status = next(filter(None, (_container_reason(container.state) for container in own)), status)
    if status == "Completed" and any(_is_up(container) for container in own):
        status = "Running" if has_condition(pod, "Ready") else "NotReady"
    return _deletion_status(pod) or str(status)


def _deletion_status(pod: Any) -> str:
    if not pod.metadata.HasField("deletionTimestamp"):
        return ""
    if pod.status.reason == "NodeLost":
        return "Unknown"
    return "" if pod.status.phase in ("Succeeded", "Failed") else "Terminating"


def _container_reason(state: Any) -> str:
    """Why a container does not run; "" if it runs."""
    if state.waiting.reason:
        return str(state.waiting.reason)
    return terminated_reason(state.terminated) if state.HasField("terminated") else ""


def terminated_reason(terminated: Any) -> str:
    """`Completed`, `Error`, or the signal or exit code where no reason is given."""
    if terminated.reason:
        return str(terminated.reason)
    return f"Signal:{terminated.signal}" if terminated.signal else f"ExitCode:{terminated.exitCode}"


def _initializing(pod: Any) -> str:
    """`Init:1/2`, `Init:Error` and the like, of the first init container that is not done; "" if all are."""
    for at, container in enumerate(pod.status.initContainerStatuses):
        state = container.state
        if state.HasField("terminated") and state.terminated.exitCode == 0:
            continue
        if state.HasField("terminated"):
            return f"Init:{terminated_reason(state.terminated)}"
        if state.waiting.reason not in ("", "PodInitializing"):
            return f"Init:{state.waiting.reason}"
        if not _is_started_sidecar(pod, container):
            return f"Init:{at}/{len(pod.spec.initContainers)}"
    return ""


def _is_started_sidecar(pod: Any, status: Any) -> bool:
    restartable = {item.name for item in pod.spec.initContainers if item.restartPolicy == "Always"}
    return status.name in restartable and bool(status.started)


def _is_up(status: Any) -> bool:
    return bool(status.ready) and status.state.HasField("running")


def has_condition(pod: Any, name: str) -> bool:
    """Whether the pod's condition of this type is True."""
    return any(item.type == name and item.status == "True" for item in pod.status.conditions)

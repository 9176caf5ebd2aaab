"""A pod's status out of what is known of its containers: pure, and equal for equal input.

Phases, reasons and messages are the kubelet's: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
"""

from node_agent.pods.conditions import conditions, set_condition
from node_agent.pods.restarts import START_ERROR_CODE
from node_agent.pods.views import ContainerView, PodView
from node_agent.shim.records import FAILED, RUNNING, ContainerState
from protos import timestamps
from protos.kubernetes import core_pb2, meta_pb2

RUNTIME = "svclab"


def terminated(state: ContainerState, pod_uid: str, message: str = "") -> core_pb2.ContainerState:
    """How an ended run shows itself."""
    failed = state.phase == FAILED
    reason = "StartError" if failed else "Completed" if state.exit_code == 0 else "Error"
    return core_pb2.ContainerState(
        terminated=core_pb2.ContainerStateTerminated(
            exitCode=START_ERROR_CODE if failed else state.exit_code,
            reason=reason,
            message=state.error if failed else message,
            startedAt=timestamps.time(state.started_at),
            finishedAt=timestamps.time(state.finished_at),
            containerID=container_id(pod_uid, state),
        )
    )


def container_id(pod_uid: str, state: ContainerState) -> str:
    return f"{RUNTIME}://{pod_uid}/{state.name}/{state.attempt}"


def container_status(view: ContainerView, pod: core_pb2.Pod, *, initializing: bool) -> core_pb2.ContainerStatus:
    """One entry of containerStatuses."""
    status = core_pb2.ContainerStatus(
        name=view.spec.name,
        image=view.spec.image,
        ready=view.ready,
        restartCount=view.restart_count,
        started=view.started,
        state=_state(view, pod, initializing=initializing),
        lastState=view.last or core_pb2.ContainerState(),
    )
    if view.state is not None:
        status.containerID = container_id(pod.metadata.uid, view.state)
        status.imageID = f"{RUNTIME}://{view.spec.image}"
    return status


def _state(view: ContainerView, pod: core_pb2.Pod, *, initializing: bool) -> core_pb2.ContainerState:
    if view.waiting is not None:
        reason, message = view.waiting
    elif view.state is not None and view.state.phase == RUNNING:
        running = core_pb2.ContainerStateRunning(startedAt=timestamps.time(view.state.started_at))
        return core_pb2.ContainerState(running=running)
    elif view.state is not None and view.ended:
        return terminated(view.state, pod.metadata.uid, view.message)
    else:
        reason, message = ("PodInitializing" if initializing else "ContainerCreating"), ""
    return core_pb2.ContainerState(waiting=core_pb2.ContainerStateWaiting(reason=reason, message=message))


def phase(view: PodView) -> str:
    """The kubelet's getPhase."""
    policy = view.pod.spec.restartPolicy or "Always"
    if any(one.ended and one.exit_code != 0 and not one.is_sidecar for one in view.init) and policy == "Never":
        return "Failed"
    if not view.initialized:
        return "Pending"
    running = sum(one.running for one in view.containers)
    ended = sum(one.ended or (one.waiting is not None and one.last is not None) for one in view.containers)
    if running + ended < len(view.containers):
        return "Pending"
    if running or policy == "Always":
        return "Running"
    if all(one.succeeded for one in view.containers):
        return "Succeeded"
    return "Failed" if policy == "Never" else "Running"


def pod_status(view: PodView, now: meta_pb2.Time) -> core_pb2.PodStatus:
    """The whole status: what others wrote into the present one is kept, and times change only where something did."""
    pod = view.pod
    status = core_pb2.PodStatus()
    status.CopyFrom(pod.status)
    status.phase = phase(view)
    status.message = view.message
    status.hostIP = next(iter(view.node_addresses), "")
    status.podIP = next(iter(view.addresses), "")
    if not status.HasField("startTime"):
        status.startTime.CopyFrom(now)
    for field in ("hostIPs", "podIPs", "containerStatuses", "initContainerStatuses"):
        status.ClearField(field)
    status.hostIPs.extend(core_pb2.HostIP(ip=address) for address in view.node_addresses)
    status.podIPs.extend(core_pb2.PodIP(ip=address) for address in view.addresses)
    initializing = bool(view.init)
    status.initContainerStatuses.extend(container_status(one, pod, initializing=initializing) for one in view.init)
    status.containerStatuses.extend(container_status(one, pod, initializing=initializing) for one in view.containers)
    status.observedGeneration = pod.metadata.generation
    for condition in conditions(view, status.phase):
        set_condition(status, condition, now)
    return status

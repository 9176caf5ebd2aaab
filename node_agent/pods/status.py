"""A pod's status out of what is known of its containers: pure, and equal for equal input.

Phases, conditions, reasons and messages are the kubelet's:
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from node_agent.pods.restarts import START_ERROR_CODE
from node_agent.shim.records import EXITED, FAILED, RUNNING, ContainerState
from protos import timestamps
from protos.kubernetes import core_pb2, meta_pb2

RUNTIME = "svclab"


@dataclass(frozen=True)
class ContainerView:
    """What is known of one container."""

    spec: core_pb2.Container
    state: ContainerState | None = None  # of its latest run
    waiting: tuple[str, str] | None = None  # (reason, message) while it is not to run, whatever became of the last run
    last: core_pb2.ContainerState | None = None  # how the run before ended
    restart_count: int = 0
    ready: bool = False
    started: bool = False
    message: str = ""  # what the program left as its termination message

    @property
    def running(self) -> bool:
        return self.state is not None and self.state.phase == RUNNING and self.waiting is None

    @property
    def ended(self) -> bool:
        return self.state is not None and self.state.phase in (EXITED, FAILED) and self.waiting is None

    @property
    def succeeded(self) -> bool:
        return self.ended and self.exit_code == 0

    @property
    def exit_code(self) -> int:
        if self.state is None:
            return 0
        return START_ERROR_CODE if self.state.phase == FAILED else self.state.exit_code

    @property
    def is_sidecar(self) -> bool:
        return self.spec.restartPolicy == "Always"


@dataclass(frozen=True)
class PodView:
    """What is known of a pod."""

    pod: core_pb2.Pod
    init: Sequence[ContainerView]
    containers: Sequence[ContainerView]
    addresses: Sequence[str]
    node_addresses: Sequence[str]
    has_sandbox: bool
    message: str = ""  # why it has none

    @property
    def initialized(self) -> bool:
        return all(view.started if view.is_sidecar else view.succeeded for view in self.init)


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
        _set_condition(status, condition, now)
    return status


def conditions(view: PodView, pod_phase: str) -> list[core_pb2.PodCondition]:
    """The conditions that belong to the node agent, without times."""
    ended = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}.get(pod_phase)
    unready = [one.spec.name for one in (*_sidecars(view), *view.containers) if not one.ready]
    containers_ready = _condition("ContainersReady", not ended and not unready)
    if ended:
        containers_ready.reason = ended
    elif unready:
        containers_ready.reason = "ContainersNotReady"
        containers_ready.message = f"containers with unready status: [{' '.join(unready)}]"
    initialized = _condition("Initialized", view.initialized)
    if not view.initialized:
        waiting = [one.spec.name for one in view.init if not (one.started if one.is_sidecar else one.succeeded)]
        initialized.reason = "ContainersNotInitialized"
        initialized.message = f"containers with incomplete status: [{' '.join(waiting)}]"
    elif pod_phase == "Succeeded":
        initialized.reason = "PodCompleted"
    return [
        _condition("PodReadyToStartContainers", view.has_sandbox),
        initialized,
        _ready(view.pod, containers_ready),
        containers_ready,
        _condition("PodScheduled", True),
    ]


def _sidecars(view: PodView) -> list[ContainerView]:
    return [one for one in view.init if one.is_sidecar]


def _condition(kind: str, true: bool) -> core_pb2.PodCondition:
    return core_pb2.PodCondition(type=kind, status="True" if true else "False")


def _ready(pod: core_pb2.Pod, containers_ready: core_pb2.PodCondition) -> core_pb2.PodCondition:
    """Ready: all containers are, and all readiness gates are True."""
    ready = core_pb2.PodCondition()
    ready.CopyFrom(containers_ready)
    ready.type = "Ready"
    if ready.status != "True":
        return ready
    present = {condition.type: condition.status for condition in pod.status.conditions}
    closed = [gate.conditionType for gate in pod.spec.readinessGates if present.get(gate.conditionType) != "True"]
    if closed:
        ready.status, ready.reason = "False", "ReadinessGatesNotReady"
        texts = [_gate_text(gate, missing=gate not in present) for gate in closed]
        ready.message = ", ".join(texts)
    return ready


def _gate_text(gate: str, *, missing: bool) -> str:
    end = "does not exist." if missing else 'has status "False", but expected "True".'
    return f'corresponding condition of pod readiness gate "{gate}" {end}'


def _set_condition(status: core_pb2.PodStatus, wanted: core_pb2.PodCondition, now: meta_pb2.Time) -> None:
    for present in status.conditions:
        if present.type == wanted.type:
            if present.status != wanted.status:
                present.lastTransitionTime.CopyFrom(now)
            present.status, present.reason, present.message = wanted.status, wanted.reason, wanted.message
            return
    wanted.lastTransitionTime.CopyFrom(now)
    status.conditions.append(wanted)


def is_ready(pod: core_pb2.Pod) -> bool:
    return any(condition.type == "Ready" and condition.status == "True" for condition in pod.status.conditions)


def all_containers(pod: core_pb2.Pod) -> Iterable[core_pb2.Container]:
    yield from pod.spec.initContainers
    yield from pod.spec.containers

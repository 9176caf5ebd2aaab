"""The conditions of a pod that are its node agent's: pure. Reasons and messages are the kubelet's."""

from node_agent.pods.views import ContainerView, PodView
from protos.kubernetes import core_pb2, meta_pb2


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


def set_condition(status: core_pb2.PodStatus, wanted: core_pb2.PodCondition, now: meta_pb2.Time) -> None:
    for present in status.conditions:
        if present.type == wanted.type:
            if present.status != wanted.status:
                present.lastTransitionTime.CopyFrom(now)
            present.status, present.reason, present.message = wanted.status, wanted.reason, wanted.message
            return
    wanted.lastTransitionTime.CopyFrom(now)
    status.conditions.append(wanted)

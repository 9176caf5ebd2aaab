"""Whether a node lives, and what its object should say. Pure.

As Kubernetes' node lifecycle controller has it: a heartbeat is a renewed Lease or a reported status, and the moment
that counts is when it was noticed here, so that no two clocks are compared.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from apiserver.controllers import taints
from protos import timestamps
from protos.kubernetes import coordination_pb2, core_pb2

REPORTED = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")  # the conditions that a node reports

Beat = tuple[int, int, int]


@dataclass
class Heartbeat:
    """The last sign of life of a node."""

    beat: Beat
    noticed: float  # seconds of a clock that only grows


def beat_of(node: core_pb2.Node, lease: coordination_pb2.Lease | None) -> Beat:
    """What changes with every heartbeat, and with nothing that others write."""
    ready = condition(node, "Ready")
    renewed = lease.spec.renewTime if lease is not None else coordination_pb2.LeaseSpec().renewTime
    return ready.lastHeartbeatTime.seconds if ready is not None else 0, renewed.seconds, renewed.nanos


def condition(node: core_pb2.Node, type: str) -> core_pb2.NodeCondition | None:
    """The node's condition of a type."""
    return next((known for known in node.status.conditions if known.type == type), None)


def never_reported(node: core_pb2.Node) -> bool:
    """No agent has ever written the node's status."""
    return condition(node, "Ready") is None


def with_unknown_conditions(node: core_pb2.Node, now: float) -> core_pb2.Node:
    """A copy whose reported conditions are Unknown; equal to the node if they are already."""
    copy = core_pb2.Node()
    copy.CopyFrom(node)
    for type in REPORTED:
        known = condition(copy, type)
        if known is None:
            never = "Kubelet never posted node status."
            copy.status.conditions.add(
                type=type,
                status="Unknown",
                reason="NodeStatusNeverUpdated",
                message=never,
                lastHeartbeatTime=node.metadata.creationTimestamp,
                lastTransitionTime=timestamps.time(now),
            )
        elif known.status != "Unknown":
            known.status = "Unknown"
            known.reason = "NodeStatusUnknown"
            known.message = "Kubelet stopped posting node status."
            known.lastTransitionTime.CopyFrom(timestamps.time(now))
    return copy


def desired_taints(node: core_pb2.Node, *, may_evict: bool, now: float) -> list[core_pb2.Taint]:
    """The node's taints, with those that this controller owns as its conditions and spec want them.

    `may_evict`: where all nodes are silent the fault is rather here than there, and no pod is to be driven out.
    """
    ready = condition(node, "Ready")
    wanted: list[tuple[str, str]] = []
    if ready is not None and ready.status != "True":  # before the first report the scheduler knows without a taint
        key = taints.UNREACHABLE if ready.status == "Unknown" else taints.NOT_READY
        wanted.append((key, "NoSchedule"))
        if may_evict:
            wanted.append((key, "NoExecute"))
    if node.spec.unschedulable:
        wanted.append((taints.UNSCHEDULABLE, "NoSchedule"))
    owned = (taints.NOT_READY, taints.UNREACHABLE, taints.UNSCHEDULABLE)
    kept = [taint for taint in node.spec.taints if taint.key not in owned or (taint.key, taint.effect) in wanted]
    have = {(taint.key, taint.effect) for taint in kept}
    for key, effect in wanted:
        if (key, effect) not in have:
            kept.append(core_pb2.Taint(key=key, effect=effect, timeAdded=timestamps.time(now)))
    return kept


def pods_to_mark(pods: Iterable[core_pb2.Pod], now: float) -> list[core_pb2.Pod]:
    """Copies of the pods that say Ready True, which on a node that is not ready they cannot know: Ready False."""
    marked = []
    for pod in pods:
        if any(known.type == "Ready" and known.status == "True" for known in pod.status.conditions):
            copy = core_pb2.Pod()
            copy.CopyFrom(pod)
            for known in copy.status.conditions:
                if known.type == "Ready":
                    known.status = "False"
                    known.lastTransitionTime.CopyFrom(timestamps.time(now))
            marked.append(copy)
    return marked

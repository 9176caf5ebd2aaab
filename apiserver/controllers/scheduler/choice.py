"""Which node a pod goes to. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from apiserver.controllers import taints
from apiserver.controllers.scheduler.filters import why_not
from protos.kubernetes import core_pb2

# Labels that differ between pods that are alike.
_INDIVIDUAL_LABELS = {"pod-template-hash", "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"}


@dataclass(frozen=True)
class Choice:
    """The node, or why there is none, as FailedScheduling says it."""

    node: str = ""
    message: str = ""


def choose(pod: core_pb2.Pod, nodes: Iterable[core_pb2.Node], placed: Iterable[core_pb2.Pod]) -> Choice:
    """The node with the fewest pods like this one, then with the fewest pods, then the first by name.

    `placed` are the pods that have a node. A node with an untolerated PreferNoSchedule taint comes last.
    """
    there: dict[str, list[core_pb2.Pod]] = {}
    for other in placed:
        if other.status.phase not in ("Succeeded", "Failed"):
            there.setdefault(other.spec.nodeName, []).append(other)
    reasons: Counter[str] = Counter()
    fitting = []
    for node in nodes:
        if reason := why_not(pod, node, there.get(node.metadata.name, [])):
            reasons[reason] += 1
        else:
            fitting.append(node)
    if not fitting:
        return Choice(message=_failure(reasons))
    best = min(fitting, key=lambda node: _rank(pod, node, there.get(node.metadata.name, [])))
    return Choice(node=best.metadata.name)


def _rank(pod: core_pb2.Pod, node: core_pb2.Node, there: list[core_pb2.Pod]) -> tuple[bool, int, int, str]:
    avoided = taints.untolerated(node.spec.taints, pod.spec.tolerations, ("PreferNoSchedule",)) is not None
    alike = sum(_kindred(other) == _kindred(pod) for other in there)
    return avoided, alike, len(there), node.metadata.name


def _kindred(pod: core_pb2.Pod) -> tuple[str, frozenset[tuple[str, str]]]:
    labels = pod.metadata.labels.items()
    return pod.metadata.namespace, frozenset(pair for pair in labels if pair[0] not in _INDIVIDUAL_LABELS)


def _failure(reasons: Counter[str]) -> str:
    if not reasons:
        return "no nodes available to schedule pods"
    parts = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
    return f"0/{reasons.total()} nodes are available: {parts}."

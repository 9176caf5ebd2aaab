"""Taints of nodes and what pods tolerate. Pure."""

from collections.abc import Iterable

from protos.kubernetes import core_pb2

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"


def tolerates(toleration: core_pb2.Toleration, taint: core_pb2.Taint) -> bool:
    """The toleration matches the taint: an empty effect all effects, an empty key with Exists all keys."""
    if toleration.effect not in ("", taint.effect):
        return False
    if toleration.key not in ("", taint.key):
        return False
    if toleration.operator == "Exists":
        return True
    return toleration.key != "" and toleration.value == taint.value


def untolerated(
    taints: Iterable[core_pb2.Taint], tolerations: Iterable[core_pb2.Toleration], effects: tuple[str, ...]
) -> core_pb2.Taint | None:
    """The first taint of one of the effects that no toleration matches."""
    known = [*tolerations]
    for taint in taints:
        if taint.effect in effects and not any(tolerates(toleration, taint) for toleration in known):
            return taint
    return None


def node_is_ready(node: core_pb2.Node) -> bool:
    """The node's Ready condition is True."""
    return any(condition.type == "Ready" and condition.status == "True" for condition in node.status.conditions)

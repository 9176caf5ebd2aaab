"""When a pod must leave a tainted node. Pure."""

import math

from apiserver.controllers import taints
from protos import timestamps
from protos.kubernetes import core_pb2


def leaves_at(pod: core_pb2.Pod, node: core_pb2.Node, default_seconds: float) -> float:
    """When the pod's patience with the node's NoExecute taints ends, in seconds since 1970; infinity if never.

    A pod that says nothing about nodes that are not ready or unreachable bears them for `default_seconds`, as
    Kubernetes' DefaultTolerationSeconds admission lets it.
    """
    tolerations = [*pod.spec.tolerations, *_defaults(pod, default_seconds)]
    ends = [
        _end(taint, [toleration for toleration in tolerations if taints.tolerates(toleration, taint)])
        for taint in node.spec.taints
        if taint.effect == "NoExecute"
    ]
    return min(ends, default=math.inf)


def _defaults(pod: core_pb2.Pod, seconds: float) -> list[core_pb2.Toleration]:
    found = []
    for key in (taints.NOT_READY, taints.UNREACHABLE):
        taint = core_pb2.Taint(key=key, effect="NoExecute")
        if not any(taints.tolerates(toleration, taint) for toleration in pod.spec.tolerations):
            found.append(
                core_pb2.Toleration(
                    key=key, operator="Exists", effect="NoExecute", tolerationSeconds=math.ceil(seconds)
                )
            )
    return found


def _end(taint: core_pb2.Taint, tolerations: list[core_pb2.Toleration]) -> float:
    since = timestamps.seconds(taint.timeAdded)
    if not tolerations:
        return since
    limits = [toleration.tolerationSeconds for toleration in tolerations if toleration.HasField("tolerationSeconds")]
    return since + max(0, min(limits)) if limits else math.inf

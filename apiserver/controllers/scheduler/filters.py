"""Why a node cannot take a pod, in the words of Kubernetes' scheduler. Pure."""

from collections.abc import Callable, Iterable

from apiserver.controllers import taints
from protos.kubernetes import core_pb2
from protos.selectors import LabelSelector, Requirement

HOSTNAME_LABEL = "kubernetes.io/hostname"
_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!", "Gt": ">", "Lt": "<"}

Filter = Callable[[core_pb2.Pod, core_pb2.Node, list[core_pb2.Pod]], str]


def why_not(pod: core_pb2.Pod, node: core_pb2.Node, there: list[core_pb2.Pod]) -> str:
    """Why the node, on which the pods `there` are, cannot take the pod; "" if it can."""
    return next((reason for check in FILTERS if (reason := check(pod, node, there))), "")


def _unschedulable(pod: core_pb2.Pod, node: core_pb2.Node, there: list[core_pb2.Pod]) -> str:
    taint = core_pb2.Taint(key=taints.UNSCHEDULABLE, effect="NoSchedule")
    if node.spec.unschedulable and taints.untolerated([taint], pod.spec.tolerations, ("NoSchedule",)):
        return "node(s) were unschedulable"
    return ""


def _tainted(pod: core_pb2.Pod, node: core_pb2.Node, there: list[core_pb2.Pod]) -> str:
    node_taints = [*node.spec.taints]
    if not taints.node_is_ready(node):
        # The taint is on its way; a pod that came before it would only be in the way.
        node_taints.append(core_pb2.Taint(key=taints.NOT_READY, effect="NoSchedule"))
    taint = taints.untolerated(node_taints, pod.spec.tolerations, ("NoSchedule", "NoExecute"))
    return f"node(s) had untolerated taint {{{taint.key}: {taint.value}}}" if taint else ""


def _selector(pod: core_pb2.Pod, node: core_pb2.Node, there: list[core_pb2.Pod]) -> str:
    labels, required = node.metadata.labels, pod.spec.affinity.nodeAffinity
    matches = all(labels.get(key) == value for key, value in pod.spec.nodeSelector.items())
    if matches and required.HasField("requiredDuringSchedulingIgnoredDuringExecution"):
        terms = required.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms
        matches = any(_term_matches(term, node) for term in terms)
    return "" if matches else "node(s) didn't match Pod's node affinity/selector"


def _term_matches(term: core_pb2.NodeSelectorTerm, node: core_pb2.Node) -> bool:
    """All expressions of a term match; a term without any matches nothing."""
    fields = {"metadata.name": node.metadata.name}
    by_label = _requirements(term.matchExpressions)
    by_field = _requirements(term.matchFields)
    return bool(by_label or by_field) and all(
        [
            *(requirement.matches(node.metadata.labels) for requirement in by_label),
            *(requirement.matches(fields) for requirement in by_field),
        ]
    )


def _requirements(expressions: Iterable[core_pb2.NodeSelectorRequirement]) -> list[Requirement]:
    return [
        Requirement(expression.key, _OPERATORS[expression.operator], frozenset(expression.values))
        for expression in expressions
    ]


def _host_ports(pod: core_pb2.Pod, node: core_pb2.Node, there: list[core_pb2.Pod]) -> str:
    wanted = host_ports(pod)
    if wanted and any(wanted & host_ports(other) for other in there):
        return "node(s) didn't have free ports for the requested pod ports"
    return ""


def host_ports(pod: core_pb2.Pod) -> set[tuple[str, int]]:
    """The (protocol, port) pairs that a pod takes on its node."""
    ports = (port for container in pod.spec.containers for port in container.ports)
    return {(port.protocol or "TCP", port.hostPort) for port in ports if port.hostPort}


def _room(pod: core_pb2.Pod, node: core_pb2.Node, there: list[core_pb2.Pod]) -> str:
    limit = node.status.allocatable["pods"].string if "pods" in node.status.allocatable else ""
    return "Too many pods" if limit and len(there) >= int(limit) else ""


def _anti_affinity(pod: core_pb2.Pod, node: core_pb2.Node, there: list[core_pb2.Pod]) -> str:
    for term in pod.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution:
        if term.topologyKey != HOSTNAME_LABEL:
            continue  # only "not two on one node" is kept
        selector = LabelSelector.of(term.labelSelector)
        namespaces = [*term.namespaces] or [pod.metadata.namespace]
        if any(other.metadata.namespace in namespaces and selector.matches(other.metadata.labels) for other in there):
            return "node(s) didn't match pod anti-affinity rules"
    return ""


FILTERS: tuple[Filter, ...] = (_unschedulable, _tainted, _selector, _host_ports, _room, _anti_affinity)

"""`describe pod`."""

from typing import Any

from svclab.cli.describe.containers import write_containers
from svclab.cli.describe.related import Related
from svclab.cli.describe.text import Text
from svclab.cli.describe.times import rfc1123
from svclab.cli.describe.volumes import write_volumes
from svclab.cli.tables import NONE

SHOWS_EVENTS = True


def describe(text: Text, pod: Any, related: Related) -> None:
    _head(text, pod)
    _status(text, pod)
    if pod.spec.initContainers:
        write_containers(text, "Init Containers", pod.spec.initContainers, pod.status.initContainerStatuses, pod)
    write_containers(text, "Containers", pod.spec.containers, pod.status.containerStatuses, pod)
    _conditions(text, pod)
    write_volumes(text, pod.spec.volumes)
    text.field("QoS Class", pod.status.qosClass or _quality(pod))
    text.labels("Node-Selectors", pod.spec.nodeSelector)
    text.fields("Tolerations", map(_toleration, pod.spec.tolerations))


def _head(text: Text, pod: Any) -> None:
    spec = pod.spec
    text.field("Name", pod.metadata.name)
    text.field("Namespace", pod.metadata.namespace)
    if spec.priorityClassName or spec.priority:
        text.field("Priority", spec.priority)
    text.field("Service Account", spec.serviceAccountName or "default")
    text.field("Node", f"{spec.nodeName}/{pod.status.hostIP}" if spec.nodeName else NONE)
    if pod.status.HasField("startTime"):
        text.field("Start Time", rfc1123(pod.status.startTime))
    text.labels("Labels", pod.metadata.labels)
    text.annotations(pod.metadata.annotations)


def _status(text: Text, pod: Any) -> None:
    if pod.metadata.HasField("deletionTimestamp"):
        text.field("Status", f"Terminating (since {rfc1123(pod.metadata.deletionTimestamp)})")
        text.field("Termination Grace Period", f"{pod.metadata.deletionGracePeriodSeconds}s")
    else:
        text.field("Status", pod.status.phase)
    for name, value in (("Reason", pod.status.reason), ("Message", pod.status.message)):
        if value:
            text.field(name, value)
    text.field("IP", pod.status.podIP)
    if pod.status.podIPs:
        text.line("IPs:")
        for address in pod.status.podIPs:
            text.field("IP", address.ip, 1)
    else:
        text.field("IPs", NONE)
    for owner in pod.metadata.ownerReferences:
        if owner.controller:
            text.field("Controlled By", f"{owner.kind}/{owner.name}")


def _conditions(text: Text, pod: Any) -> None:
    if pod.spec.readinessGates:
        statuses = {item.type: item.status for item in pod.status.conditions}
        text.line("Readiness Gates:")
        text.line("Type\tStatus", 1)
        for gate in pod.spec.readinessGates:
            text.line(f"{gate.conditionType} \t{statuses.get(gate.conditionType, NONE)} ", 1)
    if pod.status.conditions:
        text.line("Conditions:")
        text.line("Type\tStatus", 1)
        for item in pod.status.conditions:
            text.line(f"{item.type} \t{item.status} ", 1)


def _quality(pod: Any) -> str:
    """The quality-of-service class that follows from the containers' requests and limits."""
    containers = [*pod.spec.initContainers, *pod.spec.containers]
    if not any(item.resources.requests or item.resources.limits for item in containers):
        return "BestEffort"
    for item in containers:
        limits = {name: quantity.string for name, quantity in item.resources.limits.items()}
        requests = {name: quantity.string for name, quantity in item.resources.requests.items()}
        if not {"cpu", "memory"} <= limits.keys() or any(limits.get(name) != value for name, value in requests.items()):
            return "Burstable"
    return "Guaranteed"


def _toleration(toleration: Any) -> str:
    parts = toleration.key
    if toleration.value:
        parts += f"={toleration.value}"
    if toleration.effect:
        parts += f":{toleration.effect}"
    if toleration.operator == "Exists" and not toleration.value:
        parts += " op=Exists"
    if toleration.HasField("tolerationSeconds"):
        parts += f" for {toleration.tolerationSeconds}s"
    return str(parts)

"""`describe node`."""

from collections.abc import Mapping
from typing import Any

from svclab.cli.describe.related import Related
from svclab.cli.describe.text import Text
from svclab.cli.describe.times import rfc1123
from svclab.cli.printers.nodes import roles
from svclab.cli.tables import UNSET

SHOWS_EVENTS = True

_SYSTEM_INFO = (
    ("Machine ID", "machineID"),
    ("System UUID", "systemUUID"),
    ("Boot ID", "bootID"),
    ("Kernel Version", "kernelVersion"),
    ("OS Image", "osImage"),
    ("Operating System", "operatingSystem"),
    ("Architecture", "architecture"),
    ("Container Runtime Version", "containerRuntimeVersion"),
    ("Kubelet Version", "kubeletVersion"),
    ("Kube-Proxy Version", "kubeProxyVersion"),
)


def describe(text: Text, node: Any, related: Related) -> None:
    text.field("Name", node.metadata.name)
    text.field("Roles", roles(node))
    text.labels("Labels", node.metadata.labels)
    text.annotations(node.metadata.annotations)
    text.field("CreationTimestamp", rfc1123(node.metadata.creationTimestamp))
    text.fields("Taints", map(_taint, node.spec.taints))
    text.field("Unschedulable", str(node.spec.unschedulable).lower())
    _lease(text, related.lease(node))
    _conditions(text, node)
    text.line("Addresses:")
    for address in node.status.addresses:
        text.field(address.type, address.address, 1)
    _resources(text, "Capacity", node.status.capacity)
    _resources(text, "Allocatable", node.status.allocatable)
    text.line("System Info:")
    for name, field in _SYSTEM_INFO:
        text.field(name, getattr(node.status.nodeInfo, field), 1)
    if node.spec.podCIDR:
        text.field("PodCIDR", node.spec.podCIDR)
        text.field("PodCIDRs", ",".join(node.spec.podCIDRs))
    if node.spec.providerID:
        text.field("ProviderID", node.spec.providerID)
    _pods(text, related.pods_on(node))


def _taint(taint: Any) -> str:
    return f"{taint.key}={taint.value}:{taint.effect}" if taint.value else f"{taint.key}:{taint.effect}"


def _lease(text: Text, lease: Any) -> None:
    text.line("Lease:")
    if lease is None:
        text.line("<none>", 1)
        return
    text.field("HolderIdentity", lease.spec.holderIdentity or UNSET, 1)
    text.field("AcquireTime", rfc1123(lease.spec.acquireTime), 1)
    text.field("RenewTime", rfc1123(lease.spec.renewTime), 1)


def _conditions(text: Text, node: Any) -> None:
    if not node.status.conditions:
        return
    text.line("Conditions:")
    text.line("Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage", 1)
    text.line("----\t------\t-----------------\t------------------\t------\t-------", 1)
    for item in node.status.conditions:
        heartbeat, transition = rfc1123(item.lastHeartbeatTime), rfc1123(item.lastTransitionTime)
        cells = (item.type, item.status, heartbeat, transition, item.reason)
        text.line("".join(f"{cell} \t" for cell in cells) + item.message, 1)


def _resources(text: Text, title: str, resources: Mapping[str, Any]) -> None:
    if not resources:
        return
    text.line(f"{title}:")
    for name in sorted(resources):
        text.field(name, resources[name].string, 1)


def _pods(text: Text, pods: list[Any]) -> None:
    text.line(f"Non-terminated Pods:\t({len(pods)} in total)")
    text.line("Namespace\tName", 1)
    text.line("---------\t----", 1)
    for pod in pods:
        text.line(f"{pod.metadata.namespace}\t{pod.metadata.name}", 1)

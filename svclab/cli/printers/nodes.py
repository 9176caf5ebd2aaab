"""`get nodes`."""

from collections.abc import Callable
from typing import Any

from svclab.cli.printers.cells import AGE, NAME
from svclab.cli.tables import NONE, UNKNOWN, Column, View

_ROLE_PREFIX = "node-role.kubernetes.io/"
_ROLE_LABEL = "kubernetes.io/role"


def _status(node: Any, view: View) -> str:
    ready = next((item.status == "True" for item in node.status.conditions if item.type == "Ready"), None)
    states = ["Unknown" if ready is None else "Ready" if ready else "NotReady"]
    if node.spec.unschedulable:
        states.append("SchedulingDisabled")
    return ",".join(states)


def roles(node: Any) -> str:
    """The node's roles, from its labels."""
    labels = node.metadata.labels
    found = {key.removeprefix(_ROLE_PREFIX) for key in labels if key.startswith(_ROLE_PREFIX)}
    found.add(labels.get(_ROLE_LABEL, ""))
    return ",".join(sorted(found - {""})) or NONE


def _roles(node: Any, view: View) -> str:
    return roles(node)


def _address(address_type: str) -> Callable[[Any, View], str]:
    def cell(node: Any, view: View) -> str:
        return next((item.address for item in node.status.addresses if item.type == address_type), NONE)

    return cell


def _node_info(field: str) -> Callable[[Any, View], str]:
    return lambda node, view: getattr(node.status.nodeInfo, field) or UNKNOWN


def _version(node: Any, view: View) -> str:
    return str(node.status.nodeInfo.kubeletVersion)


COLUMNS = (
    NAME,
    Column("STATUS", _status),
    Column("ROLES", _roles),
    AGE,
    Column("VERSION", _version),
    Column("INTERNAL-IP", _address("InternalIP"), wide=True),
    Column("EXTERNAL-IP", _address("ExternalIP"), wide=True),
    Column("OS-IMAGE", _node_info("osImage"), wide=True),
    Column("KERNEL-VERSION", _node_info("kernelVersion"), wide=True),
    Column("CONTAINER-RUNTIME", _node_info("containerRuntimeVersion"), wide=True),
)

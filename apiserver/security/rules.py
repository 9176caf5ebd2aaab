"""Who may do what: pure, one function a role. Only callers over TCP are judged; the Unix socket belongs to its owner.

A node writes its own Node and Lease, the pods bound to it and events of its own, as Kubernetes' NodeRestriction has it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError, Message

from apiserver.security.identity import ANY_NODE, CLOUD_CONTROLLER, CLUSTER_DNS, Identity
from protos.kinds import BY_RESOURCE
from protos.kubernetes import core_pb2

READ = frozenset({"get", "list", "watch"})
WRITE = frozenset({"create", "update", "patch", "delete"})
STATUS = frozenset({"update", "patch"})
PROXY_READS = frozenset({"services", "endpointslices", "nodes", "pods", "configmaps", "namespaces", "leases", "events"})
CLOUD_STATUS = ("kube-system", "cloud-status")  # the ConfigMap by which the cloud shows what it does
LEASE_NAMESPACE = "kube-node-lease"


@dataclass(frozen=True)
class Action:
    """One call: a verb (get, list, watch, create, update, patch, delete; exec, register, sign ...) and its object."""

    verb: str
    resource: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    body: bytes = b""  # the encoded object of a create or update

    def __str__(self) -> str:
        what = f"{self.resource}/{self.subresource}" if self.subresource else self.resource
        where = f' "{self.name}"' if self.name else ""
        inside = f' in the namespace "{self.namespace}"' if self.namespace else ""
        return f"{self.verb} {what}{where}{inside}".strip()


# The stored object of a resource, namespace and name; None where there is none.
Find = Callable[[str, str, str], Any]


def allowed(identity: Identity, action: Action, find: Find) -> bool:
    """Whether the caller may do it."""
    if identity.is_admin:
        return True
    if action.verb == "sign":
        return not action.subresource and _may_sign(identity, action.name)
    if identity.node:
        return _node_may(identity.node, action, find)
    if identity == CLOUD_CONTROLLER:
        return _cloud_controller_may(action)
    if identity == CLUSTER_DNS:
        return action.verb in READ and action.resource in {"services", "endpointslices", "namespaces"}
    return False


def _may_sign(identity: Identity, node: str) -> bool:
    """A join token gets a node's certificate, for the node that it names; everybody else renews their own."""
    if identity.may_join_as:
        return bool(node) and identity.may_join_as in (node, ANY_NODE)
    return not node


def _node_may(node: str, action: Action, find: Find) -> bool:
    if action.verb in READ:
        return action.resource in PROXY_READS
    if action.verb == "register":
        return action.name == node
    if action.verb == "attach":
        return action.name in (node, "")  # "": a stream that nobody waits for, which its handler will say
    judge = {"nodes": _own_node, "leases": _own_lease, "pods": _own_pod, "events": _own_event}.get(action.resource)
    return judge is not None and judge(node, action, find)


def _own_node(node: str, action: Action, _: Find) -> bool:
    name = action.name or _named(action)
    return name == node and action.verb in {"create", "update", "patch"}


def _own_lease(node: str, action: Action, _: Find) -> bool:
    name = action.name or _named(action)
    return action.namespace == LEASE_NAMESPACE and name == node and action.verb in WRITE


def _own_pod(node: str, action: Action, find: Find) -> bool:
    if action.verb != "delete" and (action.verb not in STATUS or action.subresource != "status"):
        return False
    pod = find("pods", action.namespace, action.name)
    return pod is None or pod.spec.nodeName == node  # of an absent pod the answer is NotFound, for everybody


def _own_event(node: str, action: Action, find: Find) -> bool:
    """Creates its own, and counts up its own: neither the new object nor the stored one may be another's."""
    if action.verb not in {"create", "update"}:
        return False
    stored = find("events", action.namespace, action.name) if action.verb == "update" else None
    if stored is not None and stored.source.host != node:
        return False
    return core_pb2.Event.FromString(action.body).source.host == node


def _cloud_controller_may(action: Action) -> bool:
    if action.verb in READ:
        return action.resource in {"services", "nodes", "endpointslices", "events", "configmaps"}
    if action.resource == "events":
        return action.verb in {"create", "update", "patch"}
    if action.resource == "configmaps":
        name = action.name or _named(action)
        return (action.namespace, name) == CLOUD_STATUS and action.verb in {"create", "update"}
    return action.resource == "services" and action.verb in STATUS


def _named(action: Action) -> str:
    written: Any = _decoded(action)
    return str(written.metadata.name) if written is not None else ""


def _decoded(action: Action) -> Message | None:
    """The object of a create or update; None if it is none of its resource."""
    try:
        return BY_RESOURCE[action.resource].message.FromString(action.body)
    except DecodeError:
        return None

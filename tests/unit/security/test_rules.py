"""Each role against what it may and may not do."""

import pytest

from apiserver.security.identity import ADMIN, CLOUD_CONTROLLER, CLUSTER_DNS, Identity, joiner, node
from apiserver.security.rules import Action, allowed
from protos.kubernetes import core_pb2

ONE = node("node-1")
EVENTS = {"of-2": core_pb2.Event(source=core_pb2.EventSource(host="node-2"))}
PODS = {"mine": "node-1", "other": "node-2", "unbound": ""}


def find(resource: str, namespace: str, name: str) -> object:
    if resource == "events":
        return EVENTS.get(name)
    if name not in PODS:
        return None
    pod = core_pb2.Pod()
    pod.metadata.namespace, pod.metadata.name, pod.spec.nodeName = namespace, name, PODS[name]
    return pod


def body(name: str = "", host: str = "") -> bytes:
    event = core_pb2.Event()
    event.metadata.name = name
    event.source.host = host
    return event.SerializeToString()


ALLOWED = [
    (ADMIN, Action("delete", "namespaces", name="default")),
    (ONE, Action("watch", "services")),
    (ONE, Action("watch", "pods")),
    (ONE, Action("create", "nodes", body=body("node-1"))),
    (ONE, Action("update", "nodes", name="node-1", subresource="status")),
    (ONE, Action("update", "leases", "kube-node-lease", "node-1")),
    (ONE, Action("create", "leases", "kube-node-lease", body=body("node-1"))),
    (ONE, Action("update", "pods", "default", "mine", "status")),
    (ONE, Action("delete", "pods", "default", "mine")),
    (ONE, Action("delete", "pods", "default", "gone")),
    (ONE, Action("create", "events", "default", body=body(host="node-1"))),
    (ONE, Action("update", "events", "default", "of-1", body=body(host="node-1"))),
    (ONE, Action("register", name="node-1")),
    (ONE, Action("sign")),
    (CLUSTER_DNS, Action("sign")),
    (joiner("node-7"), Action("sign", name="node-7")),
    (joiner(), Action("sign", name="node-7")),
    (CLOUD_CONTROLLER, Action("update", "services", "default", "web", "status")),
    (CLOUD_CONTROLLER, Action("patch", "services", "default", "web")),
    (CLOUD_CONTROLLER, Action("create", "events", "default", body=body(host="cloud"))),
    (CLOUD_CONTROLLER, Action("update", "configmaps", "kube-system", "cloud-status")),
    (CLUSTER_DNS, Action("watch", "endpointslices")),
]

REFUSED = [
    (Identity("nobody"), Action("get", "services", "default", "web")),
    (Identity("system:node:node-1"), Action("watch", "services")),  # the name of a node without its group
    (ONE, Action("create", "nodes", body=body("node-2"))),
    (ONE, Action("update", "nodes", name="node-2", subresource="status")),
    (ONE, Action("delete", "nodes", name="node-1")),
    (ONE, Action("update", "leases", "kube-node-lease", "node-2")),
    (ONE, Action("update", "leases", "default", "node-1")),
    (ONE, Action("update", "pods", "default", "mine")),  # the spec is not the node's
    (ONE, Action("create", "pods", "default", body=body("new"))),
    (ONE, Action("update", "pods", "default", "other", "status")),
    (ONE, Action("update", "pods", "default", "unbound", "status")),
    (ONE, Action("delete", "pods", "default", "other")),
    (ONE, Action("update", "services", "default", "web")),
    (ONE, Action("create", "events", "default", body=body(host="node-2"))),
    (ONE, Action("update", "events", "default", "of-2", body=body(host="node-1"))),
    (ONE, Action("register", name="node-2")),
    (ONE, Action("sign", name="node-2")),
    (joiner("node-7"), Action("sign", name="node-1")),
    (joiner(), Action("sign")),
    (ONE, Action("exec")),
    (joiner(), Action("list", "nodes")),
    (CLOUD_CONTROLLER, Action("delete", "services", "default", "web")),
    (CLOUD_CONTROLLER, Action("update", "pods", "default", "mine", "status")),
    (CLOUD_CONTROLLER, Action("update", "configmaps", "kube-system", "cloud-faults")),
    (CLOUD_CONTROLLER, Action("create", "configmaps", "default", body=body("cloud-status"))),
    (CLUSTER_DNS, Action("list", "pods")),
    (CLUSTER_DNS, Action("update", "services", "default", "web")),
]


@pytest.mark.parametrize(("identity", "action"), ALLOWED, ids=lambda value: str(getattr(value, "user", value)))
def test_a_role_may(identity: Identity, action: Action) -> None:
    assert allowed(identity, action, find)


@pytest.mark.parametrize(("identity", "action"), REFUSED, ids=lambda value: str(getattr(value, "user", value)))
def test_a_role_may_not(identity: Identity, action: Action) -> None:
    assert not allowed(identity, action, find)

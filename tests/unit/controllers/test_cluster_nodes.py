"""Nodes and pods in a running control plane: binding, podCIDRs, and what follows when a node falls silent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from apiserver.controllers.event_expiry import EventExpiry
from protos import kinds
from protos.kubernetes import core_pb2
from svclab.client import EventRecorder

if TYPE_CHECKING:
    from tests.unit.controllers.conftest import Cluster

UNREACHABLE = "node.kubernetes.io/unreachable"


def ready(obj: core_pb2.Node | core_pb2.Pod) -> str:
    return next((condition.status for condition in obj.status.conditions if condition.type == "Ready"), "")


def taints(node: core_pb2.Node) -> set[tuple[str, str]]:
    return {(taint.key, taint.effect) for taint in node.spec.taints}


async def test_pods_are_spread_over_the_nodes_at_once(cluster: Cluster) -> None:
    for number in range(3):
        await cluster.add_node(f"node-{number}")
    await cluster.settle()
    for number in range(6):
        await cluster.add_pod(f"p{number}", app="web")
    await cluster.settle()
    nodes = [pod.spec.nodeName for pod in (await cluster.pods()).values()]
    assert sorted(nodes) == ["node-0", "node-0", "node-1", "node-1", "node-2", "node-2"]
    messages = {event.message for event in await cluster.events("Scheduled")}
    assert f"Successfully assigned default/p0 to {nodes[0]}" in messages


async def test_a_pod_waits_for_a_node_and_says_so(cluster: Cluster) -> None:
    await cluster.add_pod("p", app="web")
    await cluster.settle()
    pod = (await cluster.pods())["p"]
    (condition,) = [there for there in pod.status.conditions if there.type == "PodScheduled"]
    assert (condition.status, condition.reason) == ("False", "Unschedulable")
    assert condition.message == "no nodes available to schedule pods"
    (event,) = await cluster.events("FailedScheduling")
    assert (event.type, event.message) == ("Warning", "no nodes available to schedule pods")
    await cluster.add_node("node-1")
    await cluster.settle()
    assert (await cluster.pods())["p"].spec.nodeName == "node-1"


async def test_a_cordoned_node_gets_no_pods_until_it_is_opened(cluster: Cluster) -> None:
    await cluster.add_node("node-1")
    await cluster.client.patch(kinds.NODES, "node-1", "", {"spec": {"unschedulable": True}})
    await cluster.settle()
    assert taints(await cluster.node("node-1")) == {("node.kubernetes.io/unschedulable", "NoSchedule")}
    await cluster.add_pod("p")
    await cluster.settle()
    (event,) = await cluster.events("FailedScheduling")
    assert event.message == "0/1 nodes are available: 1 node(s) were unschedulable."
    await cluster.client.patch(kinds.NODES, "node-1", "", {"spec": {"unschedulable": None}})
    await cluster.settle()
    assert taints(await cluster.node("node-1")) == set()
    assert (await cluster.pods())["p"].spec.nodeName == "node-1"


async def test_each_node_gets_a_pod_cidr_of_its_own_and_a_free_one_is_used_again(cluster: Cluster) -> None:
    for number in range(3):
        await cluster.add_node(f"node-{number}")
    await cluster.settle()
    given = [(await cluster.node(f"node-{number}")).spec.podCIDR for number in range(3)]
    assert sorted(given) == ["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"]
    await cluster.client.delete(kinds.NODES, "node-1")
    await cluster.settle()
    await cluster.add_node("node-9")
    await cluster.settle()
    assert [*(await cluster.node("node-9")).spec.podCIDRs] == [given[1]]


async def heartbeats(cluster: Cluster, seconds: int, *names: str) -> None:
    """Lets time pass while these nodes live."""
    for _ in range(seconds // 10):
        for name in names:
            await cluster.heartbeat(name)
        await cluster.settle(10)


async def two_nodes_and_a_service(cluster: Cluster) -> None:
    for name, address in (("node-1", "10.244.0.5"), ("node-2", "10.244.1.5")):
        await cluster.add_node(name)
        await cluster.run_pod(f"on-{name}", address, name, app="web")
    await cluster.add_service("web", app="web")
    await cluster.settle()


async def test_the_death_of_a_node(cluster: Cluster) -> None:
    await two_nodes_and_a_service(cluster)
    await heartbeats(cluster, 60, "node-1", "node-2")
    assert ready(await cluster.node("node-1")) == "True"
    assert await cluster.ready_addresses("web") == {"10.244.0.5", "10.244.1.5"}

    await heartbeats(cluster, 20, "node-2")  # the last one of node-1 is 30 seconds old
    assert ready(await cluster.node("node-1")) == "True"
    await heartbeats(cluster, 20, "node-2")
    dead = await cluster.node("node-1")
    assert ready(dead) == "Unknown"
    assert taints(dead) == {(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")}
    assert ready((await cluster.pods())["on-node-1"]) == "False"
    assert await cluster.ready_addresses("web") == {"10.244.1.5"}
    assert ready(await cluster.node("node-2")) == "True"
    assert {event.involvedObject.name for event in await cluster.events("NodeNotReady")} == {"node-1", "on-node-1"}

    await heartbeats(cluster, 280, "node-2")
    assert not (await cluster.pods())["on-node-1"].metadata.HasField("deletionTimestamp")
    await heartbeats(cluster, 30, "node-2")
    pods = await cluster.pods()
    assert pods["on-node-1"].metadata.HasField("deletionTimestamp")
    assert not pods["on-node-2"].metadata.HasField("deletionTimestamp")


async def test_a_node_that_comes_back_is_as_before(cluster: Cluster) -> None:
    await two_nodes_and_a_service(cluster)
    await heartbeats(cluster, 60, "node-2")
    assert ready(await cluster.node("node-1")) == "Unknown"
    node = await cluster.node("node-1")
    for condition in node.status.conditions:
        condition.status = "True" if condition.type == "Ready" else "False"
    await cluster.client.update_status(node)
    await cluster.heartbeat("node-1")
    await cluster.start_pod("on-node-1", "10.244.0.5")
    await cluster.settle()
    assert taints(await cluster.node("node-1")) == set()
    assert await cluster.ready_addresses("web") == {"10.244.0.5", "10.244.1.5"}
    await heartbeats(cluster, 400, "node-1", "node-2")
    assert not (await cluster.pods())["on-node-1"].metadata.HasField("deletionTimestamp")


async def test_where_all_nodes_are_silent_no_pod_is_driven_out(cluster: Cluster) -> None:
    await two_nodes_and_a_service(cluster)
    await cluster.settle(60)
    assert [ready(await cluster.node(name)) for name in ("node-1", "node-2")] == ["Unknown", "Unknown"]
    assert taints(await cluster.node("node-1")) == {(UNREACHABLE, "NoSchedule")}
    await cluster.settle(400)
    assert not any(pod.metadata.HasField("deletionTimestamp") for pod in (await cluster.pods()).values())


async def test_the_pods_of_a_deleted_node_are_collected(cluster: Cluster) -> None:
    await two_nodes_and_a_service(cluster)
    await cluster.client.delete(kinds.NODES, "node-1")
    await cluster.settle(10)
    assert set(await cluster.pods()) == {"on-node-1", "on-node-2"}
    await cluster.settle(15)
    assert set(await cluster.pods()) == {"on-node-2"}


def owned(name: str, owner: core_pb2.ConfigMap | None = None) -> core_pb2.ConfigMap:
    found = core_pb2.ConfigMap()
    found.metadata.name, found.metadata.namespace = name, "default"
    if owner is not None:
        found.metadata.ownerReferences.add(
            apiVersion="v1", kind="ConfigMap", name=owner.metadata.name, uid=owner.metadata.uid, blockOwnerDeletion=True
        )
    return found


async def family(cluster: Cluster) -> None:
    """parent <- child <- grandchild."""
    parent = await cluster.client.create(owned("parent"))
    child = await cluster.client.create(owned("child", parent))
    await cluster.client.create(owned("grandchild", child))
    await cluster.settle()


async def test_dependents_go_in_the_background(cluster: Cluster) -> None:
    await family(cluster)
    await cluster.client.delete(kinds.CONFIG_MAPS, "parent", "default")
    await cluster.settle()
    assert await cluster.names(kinds.CONFIG_MAPS) == set()


async def test_dependents_go_first_in_the_foreground(cluster: Cluster) -> None:
    await family(cluster)
    await cluster.client.patch(kinds.CONFIG_MAPS, "grandchild", "default", {"metadata": {"finalizers": ["test/hold"]}})
    await cluster.client.delete(kinds.CONFIG_MAPS, "parent", "default", propagation="Foreground")
    await cluster.settle()
    assert await cluster.names(kinds.CONFIG_MAPS) == {"parent", "child", "grandchild"}
    await cluster.client.patch(kinds.CONFIG_MAPS, "grandchild", "default", {"metadata": {"finalizers": None}})
    await cluster.settle()
    assert await cluster.names(kinds.CONFIG_MAPS) == set()


async def test_orphans_stay_and_forget_their_owner(cluster: Cluster) -> None:
    await family(cluster)
    await cluster.client.delete(kinds.CONFIG_MAPS, "parent", "default", propagation="Orphan")
    await cluster.settle()
    assert await cluster.names(kinds.CONFIG_MAPS) == {"child", "grandchild"}
    child = await cluster.client.get(kinds.CONFIG_MAPS, "child", "default")
    assert [*child.metadata.ownerReferences] == []


async def test_an_object_that_names_an_owner_who_is_not_there_goes(cluster: Cluster) -> None:
    ghost = core_pb2.ConfigMap()
    ghost.metadata.name, ghost.metadata.uid = "ghost", "no-such-uid"
    await cluster.client.create(owned("child", ghost))
    await cluster.settle()
    assert await cluster.names(kinds.CONFIG_MAPS) == set()


async def test_a_repeated_event_is_counted_up_in_the_same_object(cluster: Cluster) -> None:
    pod = core_pb2.Pod()
    pod.metadata.name, pod.metadata.namespace, pod.metadata.uid = "p", "default", "uid"
    recorder = EventRecorder(cluster.client, "test", clock=cluster.clock)
    task = asyncio.create_task(recorder.run())
    for _ in range(3):
        recorder.event(pod, "Warning", "BackOff", "again")
        await cluster.settle(5)
    recorder.event(pod, "Warning", "BackOff", "again")
    recorder.event(pod, "Warning", "BackOff", "again")
    await cluster.settle()
    task.cancel()
    (event,) = await cluster.events("BackOff")
    assert (event.count, event.lastTimestamp.seconds - event.firstTimestamp.seconds) == (5, 10 + 5)
    assert (event.involvedObject.kind, event.source.component, event.type) == ("Pod", "test", "Warning")


async def test_old_events_are_swept_away(cluster: Cluster) -> None:
    await cluster.add_pod("p")
    await cluster.settle(10)
    expiry = EventExpiry(cluster.client, cluster.clock, kept=20)
    await expiry.sweep()
    assert len(await cluster.events("FailedScheduling")) == 1
    await cluster.settle(20)
    await expiry.sweep()
    assert await cluster.events("FailedScheduling") == []

"""Which node a pod goes to, and the words when there is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiserver.controllers.scheduler.choice import choose
from protos.kubernetes import core_pb2, meta_pb2


def node(name: str, *, ready: bool = True, taint: str = "", effect: str = "NoSchedule", **labels: str) -> core_pb2.Node:
    found = core_pb2.Node(metadata=meta_pb2.ObjectMeta(name=name, labels={"kubernetes.io/hostname": name} | labels))
    found.status.conditions.add(type="Ready", status=str(ready))
    found.status.allocatable["pods"].string = "110"
    if taint:
        found.spec.taints.add(key=taint, effect=effect)
    return found


def pod(name: str = "new", node: str = "", **labels: str) -> core_pb2.Pod:
    found = core_pb2.Pod(metadata=meta_pb2.ObjectMeta(name=name, namespace="ns", labels=labels))
    found.spec.nodeName = node
    return found


NODES = [node("a"), node("b"), node("c")]


def test_fewest_pods_of_the_same_labels_then_fewest_pods_then_the_name() -> None:
    assert choose(pod(app="x"), NODES, []).node == "a"
    assert choose(pod(app="x"), NODES, [pod("1", "a", app="y")]).node == "b"
    placed = [pod("1", "b", app="x"), pod("2", "c", app="x"), pod("3", "a"), pod("4", "a")]
    assert choose(pod(app="x"), NODES, placed).node == "a"


def test_pods_of_one_replica_set_are_alike_whatever_their_hash() -> None:
    placed = [pod("1", "a", app="x", **{"pod-template-hash": "1"}), pod("2", "b"), pod("3", "c")]
    assert choose(pod(app="x", **{"pod-template-hash": "2"}), NODES, placed).node == "b"


def test_pods_that_have_ended_take_no_place() -> None:
    ended = pod("1", "a", app="x")
    ended.status.phase = "Succeeded"
    assert choose(pod(app="x"), NODES, [ended]).node == "a"


@given(st.lists(st.sampled_from(["x", "y"]), max_size=30))
def test_pods_of_each_kind_are_spread_evenly(apps: list[str]) -> None:
    placed: list[core_pb2.Pod] = []
    for number, app in enumerate(apps):
        placed.append(pod(str(number), choose(pod(app=app), NODES, placed).node, app=app))
    for app in ("x", "y"):
        counts = [
            sum(p.spec.nodeName == n.metadata.name and p.metadata.labels["app"] == app for p in placed) for n in NODES
        ]
        assert max(counts) - min(counts) <= 1


def test_without_nodes() -> None:
    assert choose(pod(), [], []).message == "no nodes available to schedule pods"


def test_the_message_counts_the_reasons() -> None:
    cordoned = node("a")
    cordoned.spec.unschedulable = True
    message = choose(pod(), [cordoned, node("b", ready=False), node("c", taint="gpu")], []).message
    assert message == (
        "0/3 nodes are available: 1 node(s) had untolerated taint {gpu: }, "
        "1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }, 1 node(s) were unschedulable."
    )


def test_a_toleration_opens_a_tainted_node() -> None:
    tolerant = pod()
    tolerant.spec.tolerations.add(key="gpu", operator="Exists")
    assert choose(tolerant, [node("c", taint="gpu")], []).node == "c"


def test_prefer_no_schedule_comes_last_but_is_taken() -> None:
    avoided = node("a", taint="busy", effect="PreferNoSchedule")
    assert choose(pod(), [avoided, node("b")], [pod("1", "b"), pod("2", "b")]).node == "b"
    assert choose(pod(), [avoided], []).node == "a"


@pytest.mark.parametrize(
    ("operator", "values", "chosen"),
    [("In", ["ssd"], "b"), ("NotIn", ["ssd"], "a"), ("Exists", [], "b"), ("DoesNotExist", [], "a")],
)
def test_node_affinity(operator: str, values: list[str], chosen: str) -> None:
    picky = pod()
    terms = picky.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms
    terms.add().matchExpressions.add(key="disk", operator=operator, values=values)
    assert choose(picky, [node("a"), node("b", disk="ssd")], []).node == chosen


def test_node_selector_must_match_whole() -> None:
    picky = pod()
    picky.spec.nodeSelector["disk"] = "ssd"
    assert choose(picky, [node("a"), node("b", disk="ssd")], []).node == "b"
    assert choose(picky, NODES, []).message == (
        "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector."
    )


def test_host_ports_and_anti_affinity_and_room() -> None:
    server = pod(app="x")
    server.spec.containers.add().ports.add(hostPort=80, containerPort=80)
    there = core_pb2.Pod()
    there.CopyFrom(server)
    there.spec.nodeName = "a"
    assert choose(server, NODES, [there]).node == "b"

    loner = pod(app="x")
    terms = loner.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution
    terms.add(topologyKey="kubernetes.io/hostname", labelSelector=meta_pb2.LabelSelector(matchLabels={"app": "x"}))
    assert "anti-affinity" in choose(loner, NODES[:1], [there]).message

    full = node("a")
    full.status.allocatable["pods"].string = "1"
    assert choose(pod(), [full], [there]).message == "0/1 nodes are available: 1 Too many pods."

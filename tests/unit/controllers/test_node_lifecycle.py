"""What a node's object says when heartbeats stop, and when its pods must leave."""

import math

import pytest

from apiserver.controllers import taints
from apiserver.controllers.node_ipam.subnets import first_free, missing_families
from apiserver.controllers.node_lifecycle import health
from apiserver.controllers.node_lifecycle.eviction import leaves_at
from protos.kubernetes import coordination_pb2, core_pb2, meta_pb2

NOW = 1_700_000_100.0


def node(ready: str | None = "True", *taint_keys: tuple[str, str]) -> core_pb2.Node:
    found = core_pb2.Node(metadata=meta_pb2.ObjectMeta(name="node-1"))
    if ready is not None:
        found.status.conditions.add(type="Ready", status=ready, reason="KubeletReady")
    for key, effect in taint_keys:
        found.spec.taints.add(key=key, effect=effect, timeAdded=meta_pb2.Time(seconds=int(NOW)))
    return found


def pod(*tolerations: core_pb2.Toleration, ready: str = "True") -> core_pb2.Pod:
    found = core_pb2.Pod(spec=core_pb2.PodSpec(tolerations=tolerations))
    found.status.conditions.add(type="Ready", status=ready)
    return found


def keys(found: list[core_pb2.Taint]) -> set[tuple[str, str]]:
    return {(taint.key, taint.effect) for taint in found}


def test_a_silent_node_knows_nothing_any_more() -> None:
    silent = health.with_unknown_conditions(node(), NOW)
    ready = health.condition(silent, "Ready")
    assert ready is not None
    assert (ready.status, ready.reason) == ("Unknown", "NodeStatusUnknown")
    assert ready.message == "Kubelet stopped posting node status."
    assert ready.lastTransitionTime.seconds == int(NOW)
    assert {condition.type for condition in silent.status.conditions} == set(health.REPORTED)
    assert health.with_unknown_conditions(silent, NOW + 60) == silent


def test_a_node_that_never_spoke_says_so() -> None:
    ready = health.condition(health.with_unknown_conditions(node(None), NOW), "Ready")
    assert ready is not None
    assert (ready.reason, ready.message) == ("NodeStatusNeverUpdated", "Kubelet never posted node status.")


def test_what_others_write_is_no_heartbeat_and_a_renewed_lease_is() -> None:
    alive, lease = node(), coordination_pb2.Lease()
    before = health.beat_of(alive, lease)
    silent = health.with_unknown_conditions(alive, NOW)
    silent.spec.unschedulable = True
    assert health.beat_of(silent, lease) == before
    lease.spec.renewTime.nanos = 1000
    assert health.beat_of(alive, lease) != before


def test_taints_follow_the_ready_condition_and_exclude_each_other() -> None:
    unreachable = {(taints.UNREACHABLE, "NoSchedule"), (taints.UNREACHABLE, "NoExecute")}
    not_ready = {(taints.NOT_READY, "NoSchedule"), (taints.NOT_READY, "NoExecute")}
    assert keys(health.desired_taints(node("Unknown"), may_evict=True, now=NOW)) == unreachable
    assert keys(health.desired_taints(node("False", *unreachable), may_evict=True, now=NOW)) == not_ready
    assert keys(health.desired_taints(node("True", *not_ready, ("gpu", "NoSchedule")), may_evict=True, now=NOW)) == {
        ("gpu", "NoSchedule")
    }


def test_where_all_nodes_are_silent_nobody_is_driven_out() -> None:
    found = health.desired_taints(node("Unknown", (taints.UNREACHABLE, "NoExecute")), may_evict=False, now=NOW)
    assert keys(found) == {(taints.UNREACHABLE, "NoSchedule")}


def test_taints_that_are_right_stay_as_they_are() -> None:
    tainted = node("Unknown")
    tainted.spec.taints.extend(health.desired_taints(tainted, may_evict=True, now=NOW))
    assert health.desired_taints(tainted, may_evict=True, now=NOW + 60) == [*tainted.spec.taints]


def test_a_cordoned_node_is_tainted() -> None:
    cordoned = node()
    cordoned.spec.unschedulable = True
    assert keys(health.desired_taints(cordoned, may_evict=True, now=NOW)) == {(taints.UNSCHEDULABLE, "NoSchedule")}


def test_only_pods_that_say_ready_are_marked() -> None:
    assert [p.status.conditions[0].status for p in health.pods_to_mark([pod(), pod(ready="False")], NOW)] == ["False"]


def toleration(key: str, seconds: int | None = None) -> core_pb2.Toleration:
    return core_pb2.Toleration(key=key, operator="Exists", effect="NoExecute", tolerationSeconds=seconds)


@pytest.mark.parametrize(
    ("tolerations", "after"),
    [
        ([], 300),
        ([toleration(taints.UNREACHABLE, 10)], 10),
        ([toleration(taints.UNREACHABLE)], math.inf),
        ([toleration("", None)], math.inf),
        ([toleration("", None), toleration(taints.UNREACHABLE, 7)], 7),
        ([toleration("other", 5)], 300),
    ],
)
def test_a_pod_leaves_when_its_patience_ends(tolerations: list[core_pb2.Toleration], after: float) -> None:
    tainted = node("Unknown", (taints.UNREACHABLE, "NoExecute"))
    assert leaves_at(pod(*tolerations), tainted, 300) == int(NOW) + after


def test_a_taint_that_nothing_tolerates_drives_out_at_once() -> None:
    assert leaves_at(pod(), node("True", ("maintenance", "NoExecute")), 300) == int(NOW)


def test_a_node_without_such_taints_keeps_its_pods() -> None:
    assert leaves_at(pod(), node("True", ("gpu", "NoSchedule")), 300) == math.inf


def test_pod_cidrs_are_given_from_the_lowest() -> None:
    assert first_free("10.244.0.0/16", []) == "10.244.0.0/24"
    assert first_free("10.244.0.0/16", ["10.244.0.0/24", "10.244.2.0/24", "fd00::/64"]) == "10.244.1.0/24"
    assert first_free("10.244.0.0/16", ["10.244.0.0/23"]) == "10.244.2.0/24"
    assert first_free("10.244.0.0/24", ["10.244.0.0/24"]) == ""
    assert first_free("10.244.0.0/26", []) == "10.244.0.0/26"
    assert first_free("fd00::/48", ["fd00::/64"]) == "fd00:0:0:1::/64"


def test_only_missing_families_are_given() -> None:
    both = ["10.244.0.0/16", "fd00::/48"]
    assert missing_families(both, []) == both
    assert missing_families(both, ["10.244.3.0/24"]) == ["fd00::/48"]

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node_agent.pods.conditions import conditions
from node_agent.pods.status import phase, pod_status
from node_agent.pods.views import ContainerView, PodView
from node_agent.shim.records import EXITED, FAILED, RUNNING, STARTING, ContainerState
from protos import timestamps
from protos.kubernetes import core_pb2, meta_pb2

NOW, LATER = timestamps.time(1000), timestamps.time(2000)
CRASH_LOOP = ("CrashLoopBackOff", "back-off 10s")


def container(state: str | None, code: int = 0, *, ready: bool = False, sidecar: bool = False) -> ContainerView:
    spec = core_pb2.Container(name=f"c-{state}-{code}", image="echo")
    if sidecar:
        spec.restartPolicy = "Always"
    if state == "waiting":
        last = core_pb2.ContainerState(terminated=core_pb2.ContainerStateTerminated(exitCode=code))
        return ContainerView(spec, ContainerState("c", 1, EXITED, 1, 2, code, ""), CRASH_LOOP, last, 1)
    if state == "no image":
        return ContainerView(spec, None, ("ErrImagePull", "no"))
    run = ContainerState("c", 0, state, 1, 2, code, "boom" if state == FAILED else "") if state else None
    return ContainerView(spec, run, ready=ready, started=state == RUNNING)


def view(
    *containers: ContainerView, init: tuple[ContainerView, ...] = (), policy: str = "Always", **spec: object
) -> PodView:
    pod = core_pb2.Pod(
        metadata=meta_pb2.ObjectMeta(name="p", uid="u"),
        spec=core_pb2.PodSpec(restartPolicy=policy, **spec),  # type: ignore[arg-type]
    )
    return PodView(pod, init, containers, ["10.244.1.2"], ["172.30.0.2"], has_sandbox=True)


RUNS, DONE, BROKE = container(RUNNING, ready=True), container(EXITED, 0), container(EXITED, 3)


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        (view(container(None)), "Pending"),
        (view(container(STARTING)), "Pending"),
        (view(RUNS, container(None)), "Pending"),
        (view(container("no image")), "Pending"),
        (view(RUNS), "Running"),
        (view(RUNS, BROKE), "Running"),
        (view(container("waiting", 1)), "Running"),
        (view(DONE), "Running"),
        (view(DONE, policy="OnFailure"), "Succeeded"),
        (view(BROKE, policy="OnFailure"), "Running"),
        (view(BROKE, policy="Never"), "Failed"),
        (view(container(FAILED), policy="Never"), "Failed"),
        (view(DONE, DONE, policy="Never"), "Succeeded"),
        (view(DONE, BROKE, policy="Never"), "Failed"),
        (view(container(None), init=(RUNS,)), "Pending"),
        (view(container(None), init=(BROKE,), policy="Never"), "Failed"),
        (view(RUNS, init=(DONE,)), "Running"),
        (view(RUNS, init=(container(RUNNING, ready=True, sidecar=True),)), "Running"),
    ],
)
def test_phase(pod: PodView, expected: str) -> None:
    assert phase(pod) == expected


def condition(pod: PodView, kind: str) -> core_pb2.PodCondition:
    return next(one for one in conditions(pod, phase(pod)) if one.type == kind)


def test_a_pod_is_ready_when_all_its_containers_are() -> None:
    assert condition(view(RUNS), "Ready").status == "True"
    unready = condition(view(RUNS, container(RUNNING)), "Ready")
    assert (unready.status, unready.reason) == ("False", "ContainersNotReady")
    assert unready.message == "containers with unready status: [c-running-0]"


def test_a_pod_that_is_done_is_not_ready() -> None:
    ready = condition(view(DONE, policy="Never"), "Ready")
    assert (ready.status, ready.reason) == ("False", "PodCompleted")


def test_a_readiness_gate_holds_the_pod_back() -> None:
    gates = [core_pb2.PodReadinessGate(conditionType="example.com/ok")]
    pod = view(RUNS, readinessGates=gates)
    assert condition(pod, "ContainersReady").status == "True"
    assert condition(pod, "Ready").reason == "ReadinessGatesNotReady"
    pod.pod.status.conditions.add(type="example.com/ok", status="True")
    assert condition(pod, "Ready").status == "True"


def test_init_containers_are_waited_for() -> None:
    initialized = condition(view(container(None), init=(RUNS,)), "Initialized")
    assert initialized.message == "containers with incomplete status: [c-running-0]"
    status = pod_status(view(container(None), init=(RUNS,)), NOW)
    assert status.containerStatuses[0].state.waiting.reason == "PodInitializing"


@pytest.mark.parametrize(
    ("shown", "reason", "code"),
    [(DONE, "Completed", 0), (BROKE, "Error", 3), (container(FAILED, 127), "StartError", 128)],
)
def test_how_ends_are_shown(shown: ContainerView, reason: str, code: int) -> None:
    ended = pod_status(view(shown), NOW).containerStatuses[0].state.terminated
    assert (ended.reason, ended.exitCode) == (reason, code)


def test_addresses_and_start_time() -> None:
    status = pod_status(view(RUNS), NOW)
    assert (status.podIP, status.podIPs[0].ip, status.hostIP) == ("10.244.1.2", "10.244.1.2", "172.30.0.2")
    assert status.startTime == NOW


VIEWS = st.builds(
    lambda states, init, policy: view(*states, init=tuple(init), policy=policy),
    st.lists(st.sampled_from([RUNS, DONE, BROKE, container("waiting", 1), container(None)]), min_size=1, max_size=3),
    st.lists(st.sampled_from([RUNS, DONE, BROKE, container(None)]), max_size=2),
    st.sampled_from(["Always", "OnFailure", "Never"]),
)


@given(VIEWS)
def test_an_unchanged_pod_has_an_unchanged_status(pod: PodView) -> None:
    first = pod_status(pod, NOW)
    pod.pod.status.CopyFrom(first)
    assert pod_status(pod, LATER) == first


@given(VIEWS, VIEWS)
def test_times_change_only_where_the_status_does(before: PodView, after: PodView) -> None:
    first = pod_status(before, NOW)
    after.pod.status.CopyFrom(first)
    second = {one.type: one for one in pod_status(after, LATER).conditions}
    for one in first.conditions:
        changed = second[one.type].status != one.status
        assert second[one.type].lastTransitionTime == (LATER if changed else NOW)


@given(VIEWS)
def test_conditions_of_others_are_kept(pod: PodView) -> None:
    pod.pod.status.conditions.add(type="example.com/ok", status="True", message="mine")
    assert pod_status(pod, NOW).conditions[0].message == "mine"

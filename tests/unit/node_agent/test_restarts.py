import pytest
from hypothesis import given
from hypothesis import strategies as st

from node_agent.pods.restarts import Backoff, BackoffSettings, restarts, start_time
from node_agent.shim.records import EXITED, FAILED, RUNNING, STARTING, ContainerState

SETTINGS = BackoffSettings(10.0, 300.0)


def ended(code: int, at: float = 100.0, phase: str = EXITED) -> ContainerState:
    return ContainerState("c", 0, phase, at - 1, at, code, "")


def test_the_pauses_of_a_crash_loop() -> None:
    backoff, now, pauses = Backoff(), 1000.0, []
    for _ in range(8):
        pauses.append(backoff.pause)
        now = backoff.may_start_at(now)
        backoff = backoff.restarted(now, SETTINGS)
        now += 1  # the container runs for a second
    assert pauses == [0, 10, 20, 40, 80, 160, 300, 300]


def test_a_long_run_begins_anew() -> None:
    backoff = Backoff(160.0, since=1000.0)
    assert backoff.restarted(1000.0 + 601, SETTINGS).pause == 10.0
    assert backoff.restarted(1000.0 + 599, SETTINGS).pause == 300.0


@given(st.lists(st.floats(0, 1e6), max_size=30))
def test_the_pause_is_within_its_limits(gaps: list[float]) -> None:
    backoff, now = Backoff(), 0.0
    for gap in gaps:
        now += gap
        backoff = backoff.restarted(now, SETTINGS)
        assert SETTINGS.initial <= backoff.pause <= SETTINGS.limit


@pytest.mark.parametrize(
    ("policy", "code", "again"),
    [("Always", 0, True), ("Always", 1, True), ("OnFailure", 0, False), ("OnFailure", 1, True), ("Never", 1, False)],
)
def test_restart_policies(policy: str, code: int, again: bool) -> None:
    assert restarts(policy, code) is again
    assert (start_time(ended(code), policy, Backoff(10.0)) == 110.0) is again


def test_what_runs_is_not_started() -> None:
    assert start_time(None, "Always", Backoff()) == 0.0
    for phase in (STARTING, RUNNING):
        assert start_time(ended(0, phase=phase), "Always", Backoff()) is None


def test_what_could_not_be_run_has_failed() -> None:
    assert start_time(ended(0, phase=FAILED), "OnFailure", Backoff()) == 100.0
    assert start_time(ended(0, phase=FAILED), "Never", Backoff()) is None

"""The loop that makes a probe's attempts, against a check that the test answers."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from node_agent.pods import checks
from node_agent.pods.checks import CheckFailed
from node_agent.pods.probes import Probes
from protos.kubernetes import core_pb2

Play = Callable[[core_pb2.Container, list[bool]], "Seen"]


class Seen:
    """What the probes of one container told, until the prepared results ran out."""

    def __init__(self) -> None:
        self.ready: list[tuple[bool, bool]] = []
        self.failed: list[str] = []
        self.unhealthy: list[str] = []


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    """Runs probes over results; time passes at once."""

    def run(container: core_pb2.Container, results: list[bool]) -> Seen:
        seen, left = Seen(), list(results)

        async def main() -> None:
            over = asyncio.Event()
            sleep = asyncio.sleep

            async def check(*arguments: Any) -> None:
                if not left:
                    over.set()
                    await asyncio.Event().wait()
                if not left.pop(0):
                    raise CheckFailed("no")

            monkeypatch.setattr(checks, "check", check)
            monkeypatch.setattr(asyncio, "sleep", lambda seconds: sleep(0))
            probes = Probes(
                container,
                None,  # type: ignore[arg-type]  # the check does not look
                lambda: seen.ready.append((probes.started, probes.ready)),
                lambda kind, probe: seen.failed.append(kind),
                seen.unhealthy.append,
            )
            await over.wait()
            probes.stop()

        asyncio.run(main())
        return seen

    return run


def probe(**fields: int) -> core_pb2.Probe:
    return core_pb2.Probe(**fields)  # type: ignore[arg-type]


def test_a_container_without_probes_is_ready_at_once() -> None:
    async def main() -> Probes:
        probes = Probes(core_pb2.Container(), None, lambda: None, lambda k, p: None, lambda t: None)  # type: ignore[arg-type]
        probes.stop()
        return probes

    probes = asyncio.run(main())
    assert probes.ready and probes.started


def test_readiness_comes_and_goes_by_its_thresholds(play: Play) -> None:
    container = core_pb2.Container(readinessProbe=probe(failureThreshold=2, periodSeconds=1))
    seen = play(container, [True, False, True, False, False, True])
    assert seen.ready == [(True, True), (True, False), (True, True)]


def test_a_first_success_between_two_periods_counts(play: Play) -> None:
    container = core_pb2.Container(readinessProbe=probe(periodSeconds=10))
    seen = play(container, [False, False, True])
    assert seen.ready == [(True, True)]
    assert seen.unhealthy == ["Readiness probe failed: no"]  # the second one was only a look


def test_liveness_waits_for_startup(play: Play) -> None:
    container = core_pb2.Container(startupProbe=probe(successThreshold=1), livenessProbe=probe(failureThreshold=2))
    seen = play(container, [True, True, False, True, False, False])
    assert seen.ready == [(True, True)]
    assert seen.failed == ["Liveness"]


def test_a_liveness_probe_goes_on_after_it_has_failed(play: Play) -> None:
    seen = play(core_pb2.Container(livenessProbe=probe(failureThreshold=1)), [False, False])
    assert seen.failed == ["Liveness", "Liveness"]


async def test_nothing_is_asked_before_the_post_start_hook_is_through(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, hook_done = asyncio.Event(), asyncio.Event()

    async def check(*arguments: Any) -> None:
        assert hook_done.is_set()
        asked.set()

    async def hook() -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        hook_done.set()

    monkeypatch.setattr(checks, "check", check)
    container = core_pb2.Container(livenessProbe=probe(periodSeconds=1))
    nothing: Any = lambda *arguments: None  # noqa: E731
    after = asyncio.create_task(hook())
    probes = Probes(container, None, nothing, nothing, nothing, after=after)  # type: ignore[arg-type]
    await asked.wait()
    probes.stop()

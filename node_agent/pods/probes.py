"""Probes of a running container: a pure count of results, and the loop that makes the attempts."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from node_agent.pods import checks
from node_agent.pods.checks import CheckFailed
from node_agent.pods.sandbox import Sandbox
from protos.kubernetes import core_pb2

STARTUP, READINESS, LIVENESS = "Startup", "Readiness", "Liveness"
PERIOD, TIMEOUT, SUCCESS_THRESHOLD, FAILURE_THRESHOLD = 10, 1, 1, 3  # the API's defaults


@dataclass(frozen=True)
class Tally:
    """Results in a row. `verdict` changes when enough of them agree; None: not yet known."""

    success_threshold: int = SUCCESS_THRESHOLD
    failure_threshold: int = FAILURE_THRESHOLD
    verdict: bool | None = None
    last: bool | None = None
    run: int = 0

    def add(self, result: bool) -> "Tally":
        run = self.run + 1 if result == self.last else 1
        needed = self.success_threshold if result else self.failure_threshold
        return replace(self, last=result, run=run, verdict=result if run >= needed else self.verdict)


def tally_of(probe: core_pb2.Probe) -> Tally:
    return Tally(probe.successThreshold or SUCCESS_THRESHOLD, probe.failureThreshold or FAILURE_THRESHOLD)


class Probes:
    """The probes of one run of a container, in the background until stop().

    `was_ready`: what an earlier agent had found out about the same run. `changed` is called when `ready` or `started`
    changes, `failed(kind, probe)` when startup or liveness has failed, `unhealthy(text)` at each failed attempt.
    """

    def __init__(
        self,
        container: core_pb2.Container,
        sandbox: Sandbox,
        changed: Callable[[], None],
        failed: Callable[[str, core_pb2.Probe], None],
        unhealthy: Callable[[str], None],
        *,
        was_ready: bool = False,
    ) -> None:
        self._container, self._sandbox = container, sandbox
        self._changed, self._failed, self._unhealthy = changed, failed, unhealthy
        self.started = was_ready or not container.HasField("startupProbe")
        self.ready = was_ready or (self.started and not container.HasField("readinessProbe"))
        self._tasks = [asyncio.create_task(self._run())]

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    def stop_liveness(self) -> None:
        """A pod that is being deleted is only asked whether it can still serve."""
        self._failed = lambda kind, probe: None

    async def _run(self) -> None:
        container = self._container
        if not self.started:
            await self._repeat(STARTUP, container.startupProbe)
            self.started = True
            self.ready = not container.HasField("readinessProbe")
            self._changed()
        async with asyncio.TaskGroup() as group:
            if container.HasField("readinessProbe"):
                group.create_task(self._repeat(READINESS, container.readinessProbe))
            if container.HasField("livenessProbe"):
                group.create_task(self._repeat(LIVENESS, container.livenessProbe))

    async def _repeat(self, kind: str, probe: core_pb2.Probe) -> None:
        """Makes attempts for ever; a startup probe until it has succeeded."""
        tally = tally_of(probe)
        await asyncio.sleep(probe.initialDelaySeconds)
        while True:
            before = tally.verdict
            tally = tally.add(await self._attempt(kind, probe))
            if tally.verdict != before:
                if self._judge(kind, probe, verdict=bool(tally.verdict)):
                    return
                if kind != READINESS and not tally.verdict:
                    tally = tally_of(probe)
            await asyncio.sleep(probe.periodSeconds or PERIOD)

    def _judge(self, kind: str, probe: core_pb2.Probe, *, verdict: bool) -> bool:
        """Acts on a changed verdict; True if the probe is over."""
        if kind == READINESS:
            self.ready = verdict
            self._changed()
        elif not verdict:
            self._failed(kind, probe)
        return kind == STARTUP and verdict

    async def _attempt(self, kind: str, probe: core_pb2.Probe) -> bool:
        try:
            async with asyncio.timeout(probe.timeoutSeconds or TIMEOUT):
                await checks.check(probe.handler, self._container, self._sandbox)
        except CheckFailed as failure:
            text = str(failure)
        except TimeoutError:
            text = f"command timed out after {probe.timeoutSeconds or TIMEOUT}s"
        else:
            return True
        self._unhealthy(f"{kind} probe failed: {text}")
        return False

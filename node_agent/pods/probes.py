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
FIRST_PAUSE = 0.05  # seconds before a container that is not ready yet is looked at again


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


def period(probe: core_pb2.Probe) -> float:
    """Seconds between attempts."""
    return float(probe.periodSeconds or PERIOD)


def tally_of(probe: core_pb2.Probe) -> Tally:
    return Tally(probe.successThreshold or SUCCESS_THRESHOLD, probe.failureThreshold or FAILURE_THRESHOLD)


class Probes:
    """The probes of one run of a container, in the background until stop().

    `after`: the postStart hook, before whose end nothing is asked. `was_ready`: what an earlier agent had found out
    about the same run. `changed` is called when `ready` or `started` changes, `failed(kind, probe)` when startup or
    liveness has failed, `unhealthy(text)` at each failed attempt.
    """

    def __init__(
        self,
        container: core_pb2.Container,
        sandbox: Sandbox,
        changed: Callable[[], None],
        failed: Callable[[str, core_pb2.Probe], None],
        unhealthy: Callable[[str], None],
        *,
        after: asyncio.Task[None] | None = None,
        was_ready: bool = False,
    ) -> None:
        self._container, self._sandbox = container, sandbox
        self._changed, self._failed, self._unhealthy = changed, failed, unhealthy
        self.started = was_ready or not container.HasField("startupProbe")
        self.ready = was_ready or (self.started and not container.HasField("readinessProbe"))
        self._after = after
        self._tasks = [asyncio.create_task(self._run())]

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    def stop_liveness(self) -> None:
        """A pod that is being deleted is only asked whether it can still serve."""
        self._failed = lambda kind, probe: None

    async def _run(self) -> None:
        container = self._container
        if self._after is not None:
            await asyncio.wait([self._after])
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
        tally, passed = tally_of(probe), False
        await asyncio.sleep(probe.initialDelaySeconds)
        result = await self._attempt(kind, probe)
        while True:
            before, tally = tally.verdict, tally.add(result)
            if tally.verdict != before:
                if self._judge(kind, probe, verdict=bool(tally.verdict)):
                    return
                if kind != READINESS and not tally.verdict:
                    tally = tally_of(probe)
            passed = passed or bool(tally.verdict)
            eager = kind != LIVENESS and not passed and tally.success_threshold == 1
            result = await self._period(probe, eager=eager) or await self._attempt(kind, probe)

    async def _period(self, probe: core_pb2.Probe, *, eager: bool) -> bool:
        """Lets one period pass. When eager, looks more often meanwhile, and returns True at the first success.

        So a pod is ready as soon as it can be, while failures are counted and told at the pace of the manifest.
        """
        if not eager:
            await asyncio.sleep(period(probe))
            return False
        loop = asyncio.get_running_loop()
        end, pause = loop.time() + period(probe), FIRST_PAUSE
        while loop.time() + pause < end:
            await asyncio.sleep(pause)
            pause *= 2
            if not await self._failure(probe):
                return True
        await asyncio.sleep(end - loop.time())
        return False

    def _judge(self, kind: str, probe: core_pb2.Probe, *, verdict: bool) -> bool:
        """Acts on a changed verdict; True if the probe is over."""
        if kind == READINESS:
            self.ready = verdict
            self._changed()
        elif not verdict:
            self._failed(kind, probe)
        return kind == STARTUP and verdict

    async def _attempt(self, kind: str, probe: core_pb2.Probe) -> bool:
        if failure := await self._failure(probe):
            self._unhealthy(f"{kind} probe failed: {failure}")
        return not failure

    async def _failure(self, probe: core_pb2.Probe) -> str:
        """Makes one attempt: why it failed, or ""."""
        limit = probe.timeoutSeconds or TIMEOUT
        try:
            async with asyncio.timeout(limit):
                await checks.check(probe.handler, self._container, self._sandbox)
        except CheckFailed as failure:
            return str(failure) or "failed"
        except TimeoutError:
            return f"command timed out after {limit}s"
        return ""

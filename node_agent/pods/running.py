"""Acts once on each new phase of a container: probes and the postStart hook begin with its run and end with it."""

import asyncio

from node_agent.pods import checks, stopping
from node_agent.pods.checks import CheckFailed
from node_agent.pods.probes import Probes
from node_agent.pods.sandbox import Sandbox
from node_agent.pods.state import PodState, Record
from node_agent.shim.records import FAILED, RUNNING, STARTING
from protos.kubernetes import core_pb2


class Runs:
    """The runs of a pod's containers, as they come and go."""

    def __init__(self, state: PodState) -> None:
        self._state = state
        self._kills: set[asyncio.Task[None]] = set()

    def observe(self) -> None:
        """To be called whenever something may have changed."""
        for container in self._state.containers():
            record, state = self._state.records[container.name], self._state.states().get(container.name)
            if state is not None and state.phase == RUNNING and record.image != container.image:
                self._replace(container, record)
            if state is None or record.seen == (state.attempt, state.phase):
                continue
            record.seen = (state.attempt, state.phase)
            if state.phase == RUNNING and self._state.sandbox:
                self._begin(container, record, self._state.sandbox)
            elif state.phase != STARTING:
                quieten(record)
                if state.phase == FAILED:
                    self._state.event("Failed", f"Error: {state.error}", warning=True)

    def close(self) -> None:
        """Ends probes and hooks; the containers go on."""
        for record in self._state.records.values():
            quieten(record)
        for task in self._kills:
            task.cancel()

    def _begin(self, container: core_pb2.Container, record: Record, sandbox: Sandbox) -> None:
        state, adopted = self._state, record.adopted
        record.adopted = False
        if not adopted:
            state.event("Started", f"Started container {container.name}")
            if container.lifecycle.HasField("postStart"):
                record.hook = asyncio.create_task(self._post_start(container, sandbox))
        record.probes = Probes(
            container,
            sandbox,
            changed=state.wake,
            failed=lambda kind, probe: self._failed(container, kind, probe),
            unhealthy=lambda text: state.event("Unhealthy", text, warning=True),
            after=record.hook,
            was_ready=adopted and record.was_ready,
        )

    def _failed(self, container: core_pb2.Container, kind: str, probe: core_pb2.Probe) -> None:
        """A liveness or startup probe has failed for good: the container is ended, and so runs again."""
        self._state.event("Killing", f"Container {container.name} failed {kind.lower()} probe, will be restarted")
        grace = stopping.grace_period(self._state.pod)
        if probe.HasField("terminationGracePeriodSeconds"):
            grace = float(probe.terminationGracePeriodSeconds)
        self._kill(container, grace)

    def _replace(self, container: core_pb2.Container, record: Record) -> None:
        """Its image was changed in the object."""
        record.image = container.image
        self._state.event("Killing", f"Container {container.name} definition changed, will be restarted")
        self._kill(container, stopping.grace_period(self._state.pod))

    def _kill(self, container: core_pb2.Container, grace: float) -> None:
        task = asyncio.create_task(stopping.kill(self._state, container, grace))
        self._kills.add(task)
        task.add_done_callback(self._kills.discard)

    async def _post_start(self, container: core_pb2.Container, sandbox: Sandbox) -> None:
        try:
            await checks.check(container.lifecycle.postStart, container, sandbox)
        except CheckFailed as error:
            self._state.event("FailedPostStartHook", f"PostStartHook failed: {error}", warning=True)
            await stopping.kill(self._state, container, 0)
        asyncio.get_running_loop().call_soon(self._state.wake)  # once this task is done


def quieten(record: Record) -> None:
    """Ends the probes and the hook of a run."""
    if record.probes:
        record.probes.stop()
    if record.hook:
        record.hook.cancel()
    record.probes = record.hook = None

"""Ends containers: preStop hook, stop signal, and SIGKILL when the time is over.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
"""

import asyncio
import signal
import time
from collections.abc import Callable

from node_agent.pods import checks
from node_agent.pods.checks import CheckFailed
from node_agent.pods.connection import ShimError
from node_agent.pods.state import PodState
from protos.kubernetes import core_pb2

DEFAULT_GRACE = 30.0
PATIENCE = 5.0  # seconds for the kernel to end what was killed

Deadline = Callable[[], float]  # may come closer while one waits for it


def grace_period(pod: core_pb2.Pod) -> float:
    spec = pod.spec
    return (
        float(spec.terminationGracePeriodSeconds) if spec.HasField("terminationGracePeriodSeconds") else DEFAULT_GRACE
    )


async def stop_all(state: PodState, deadline: Deadline) -> None:
    """Ends all containers, sidecars after the others."""
    for chosen in (state.pod.spec.containers, state.pod.spec.initContainers):
        async with asyncio.TaskGroup() as group:
            for container in chosen:
                if state.is_alive(container.name):
                    state.event("Killing", f"Stopping container {container.name}")
                    group.create_task(stop(state, container, deadline))


async def kill(state: PodState, container: core_pb2.Container, grace: float) -> None:
    """Ends one container, to be run again or not."""
    end = time.time() + grace
    await stop(state, container, lambda: end)


async def stop(state: PodState, container: core_pb2.Container, deadline: Deadline) -> None:
    """Returns when the container has ended."""
    if state.sandbox is None:
        return
    if (probes := state.records[container.name].probes) is not None:
        probes.stop_liveness()
    shim, name = state.sandbox.shim, container.name

    def ended() -> bool:
        return shim.gone or not state.is_alive(name)

    try:
        if container.lifecycle.HasField("preStop") and deadline() > time.time():
            await _pre_stop(state, container, deadline)
        if deadline() > time.time():
            shim.signal(name, _stop_signal(container))
            await state.until(ended, deadline)
        if not ended():
            shim.signal(name, signal.SIGKILL)
            limit = time.time() + PATIENCE
            await state.until(ended, lambda: limit)
    except ShimError:
        return


async def _pre_stop(state: PodState, container: core_pb2.Container, deadline: Deadline) -> None:
    assert state.sandbox
    hook = asyncio.create_task(checks.check(container.lifecycle.preStop, container, state.sandbox))
    hook.add_done_callback(lambda _: state.wake())
    if not await state.until(hook.done, deadline):
        hook.cancel()
    elif isinstance(error := hook.exception(), CheckFailed):
        state.event("FailedPreStopHook", f"PreStopHook failed: {error}", warning=True)


def _stop_signal(container: core_pb2.Container) -> signal.Signals:
    name = container.lifecycle.stopSignal
    return signal.Signals[name] if name in signal.Signals.__members__ else signal.SIGTERM

"""Starts a pod's containers when their turn has come and their back-off is over."""

import time

from node_agent.images.catalogue import InvalidImageName, UnknownImage
from node_agent.pods import volumes
from node_agent.pods.containers import container_spec
from node_agent.pods.environment import ConfigError
from node_agent.pods.restarts import BackoffSettings, start_time
from node_agent.pods.sandbox import Sandbox
from node_agent.pods.state import PodState, Record
from node_agent.shim.records import STARTING
from protos import kinds
from protos.kubernetes import core_pb2
from svclab.client import errors

PATIENCE = 1.0  # seconds that a status waits for containers that are just starting: one write instead of two
CONFIG_RETRY = 2.0


async def start_what_is_due(state: PodState, sandbox: Sandbox) -> float:
    """Starts the containers that may run now; when the next one is due, 0 for none."""
    wake_at = 0.0
    for container in candidates(state):
        record = state.records[container.name]
        due = start_time(state.states().get(container.name), policy(state, container), record.backoff)
        if due is None:
            continue
        due = max(due, record.retry_at)
        if due <= time.time():
            due = await _start(state, sandbox, container, record)
        elif record.waiting is None:
            _hold_back(state, container, record)
        if due:
            wake_at = min(due, wake_at or due)
    return wake_at


async def settled(state: PodState) -> None:
    """Gives containers that are just starting a moment."""
    limit = time.time() + PATIENCE

    def is_settled() -> bool:
        return state.removed or all(one.phase != STARTING for one in state.states().values())

    await state.until(is_settled, lambda: limit)


def candidates(state: PodState) -> list[core_pb2.Container]:
    """The containers whose turn has come: init containers one after the other, then all others."""
    found = []
    for container in state.pod.spec.initContainers:
        view = state.view(container)
        found.append(container)
        if not (view.started if view.is_sidecar else view.succeeded):
            return found
    return [*found, *state.pod.spec.containers]


def policy(state: PodState, container: core_pb2.Container) -> str:
    """The restart policy of one container: its own (a sidecar's), or the pod's; an init container's end is an end."""
    whole = container.restartPolicy or state.pod.spec.restartPolicy or "Always"
    return "OnFailure" if whole == "Always" and state.is_init(container) and not container.restartPolicy else whole


def _hold_back(state: PodState, container: core_pb2.Container, record: Record) -> None:
    meta = state.pod.metadata
    record.last = state.how_it_ended(state.states()[container.name])
    whole = f"container={container.name} pod={meta.name}_{meta.namespace}({meta.uid})"
    record.waiting = ("CrashLoopBackOff", f"back-off {record.backoff.pause:.0f}s restarting failed {whole}")
    name = f"{meta.name}_{meta.namespace}({meta.uid})"
    state.event("BackOff", f"Back-off restarting failed container {container.name} in pod {name}", warning=True)


async def _start(state: PodState, sandbox: Sandbox, container: core_pb2.Container, record: Record) -> float:
    """Starts a container; 0, or when to try again."""
    config, services = state.around.config, state.around.services.list()
    try:
        config_maps = await _config_maps(state)
        spec = container_spec(state.pod, container, record.attempt, sandbox, services, config_maps.get, config)
    except (UnknownImage, InvalidImageName) as error:
        return _without_image(state, container, record, error)
    except ConfigError as error:
        record.waiting = ("CreateContainerConfigError", str(error))
        state.event("Failed", f"Error: {error}", warning=True)
        return time.time() + CONFIG_RETRY
    if (before := state.states().get(container.name)) is not None:
        record.last = state.how_it_ended(before)
    if record.attempt:
        record.backoff = record.backoff.restarted(time.time(), _settings(state))
    record.waiting, record.retry_at, record.image = None, 0.0, container.image
    state.event("Pulled", f'Container image "{container.image}" already present on machine')
    state.event("Created", f"Created container: {container.name}")
    sandbox.shim.start(spec)
    record.attempt += 1
    return 0.0


def _without_image(state: PodState, container: core_pb2.Container, record: Record, error: Exception) -> float:
    image = container.image
    if isinstance(error, InvalidImageName):
        record.waiting = ("InvalidImageName", str(error))
    elif record.waiting is None:
        record.waiting = ("ErrImagePull", str(error))
        state.event("Failed", f'Failed to pull image "{image}": {error}', warning=True)
    else:
        record.waiting = ("ImagePullBackOff", f'Back-off pulling image "{image}": {error}')
        state.event("BackOff", f'Back-off pulling image "{image}"')
    record.backoff = record.backoff.restarted(time.time(), _settings(state))
    record.retry_at = time.time() + record.backoff.pause
    return record.retry_at


def _settings(state: PodState) -> BackoffSettings:
    return BackoffSettings(state.around.config.backoff, state.around.config.backoff_limit)


async def _config_maps(state: PodState) -> dict[str, core_pb2.ConfigMap]:
    found = {}
    for name in volumes.config_maps_of(state.pod):
        try:
            found[name] = await state.around.client.get(kinds.CONFIG_MAPS, name, state.pod.metadata.namespace)
        except errors.NotFound:
            continue
    return found

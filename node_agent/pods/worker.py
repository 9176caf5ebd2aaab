"""Makes one pod's world match its object: the kubelet's pod worker. It is told that something changed, never what."""

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from node_agent.config import Config
from node_agent.images.catalogue import InvalidImageName, UnknownImage
from node_agent.network.addresses import NoFreeAddress
from node_agent.pods import checks, containers, sandbox, volumes
from node_agent.pods.checks import CheckFailed
from node_agent.pods.environment import ConfigError
from node_agent.pods.probes import Probes
from node_agent.pods.restarts import Backoff, BackoffSettings, start_time
from node_agent.pods.sandbox import NodeNetwork, Sandbox
from node_agent.pods.shims import ShimError, Spawner
from node_agent.pods.status import ContainerView, PodView, pod_status, terminated
from node_agent.shim.records import FAILED, RUNNING, STARTING, ContainerState
from protos import kinds, timestamps
from protos.kubernetes import core_pb2
from svclab.client import Client, EventRecorder, Lister, errors

log = logging.getLogger(__name__)

START_PATIENCE = 1.0  # seconds that a status waits for containers that are just starting: one write instead of two
RETRY_PAUSE = 1.0
CONFIG_RETRY = 2.0
STOP_PATIENCE = 5.0
TERMINAL = ("Succeeded", "Failed")


@dataclass(frozen=True)
class Surroundings:
    """What all pods of the node share."""

    config: Config
    client: Client
    spawner: Spawner
    network: NodeNetwork
    services: Lister[core_pb2.Service]
    events: EventRecorder


@dataclass
class Record:
    """What the worker remembers of one container beside its shim's state."""

    attempt: int = 0  # of the next run
    backoff: Backoff = field(default_factory=Backoff)
    retry_at: float = 0.0
    waiting: tuple[str, str] | None = None
    last: core_pb2.ContainerState | None = None
    seen: tuple[int, str] = (-1, "")  # attempt and phase that have been acted upon
    probes: Probes | None = None
    hook: asyncio.Task[None] | None = None  # postStart
    adopted: bool = False  # the run was begun by an earlier agent
    was_ready: bool = False


class PodWorker:
    """One pod, from its first sight until it is gone from the node."""

    def __init__(self, pod: core_pb2.Pod, around: Surroundings, adopted: Sandbox | None) -> None:
        self.pod = pod
        self.sandbox = adopted
        self._around = around
        self._removed = False
        self._wake = asyncio.Event()
        self._pulse = asyncio.Event()
        self._deadline = 0.0
        self._stopping: asyncio.Task[None] | None = None
        self._kills: set[asyncio.Task[None]] = set()
        self._records = {one.name: self._record_of(one) for one in self._containers()}

    def wake(self) -> None:
        """Something about the pod changed."""
        self._wake.set()
        self._pulse.set()

    def update(self, pod: core_pb2.Pod) -> None:
        if int(pod.metadata.resourceVersion or 0) >= int(self.pod.metadata.resourceVersion or 0):
            self.pod = pod
            self.wake()

    def remove(self) -> None:
        """The object is gone: so must be the pod, at once."""
        self._removed = True
        self.wake()

    async def run(self) -> None:
        """Returns when the pod is gone from the node; cancelling leaves it as it is."""
        try:
            while True:
                self._wake.clear()
                wake_at = await self._attempt()
                if wake_at is None:
                    return
                try:
                    async with asyncio.timeout(max(wake_at - time.time(), 0.0) if wake_at else None):
                        await self._wake.wait()
                except TimeoutError:
                    continue
        finally:
            for record in self._records.values():
                self._quiet(record)

    async def _attempt(self) -> float | None:
        """One sync; when the next is due at the latest (0: when something changes), None when the pod is gone."""
        try:
            return await self._sync()
        except errors.ApiError as error:
            log.info("pod sync will be retried", extra={"pod": self._name, "error": str(error)})
        except (ShimError, NoFreeAddress, OSError) as error:
            self._event("Warning", "FailedCreatePodSandBox", f"Failed to create pod sandbox: {error}")
            self._drop_sandbox()
        except Exception:
            log.exception("pod sync failed", extra={"pod": self._name})
        return time.time() + RETRY_PAUSE

    async def _sync(self) -> float | None:
        if self._removed or self.pod.metadata.HasField("deletionTimestamp"):
            return await self._terminate()
        if self.pod.status.phase in TERMINAL:
            self._end_sandbox()
            return 0.0
        await self._have_sandbox()
        self._observe()
        wake_at = await self._start_what_is_due()
        await self._settle()
        self._observe()
        await self._write_status()
        return wake_at

    # --- what there is

    @property
    def _name(self) -> str:
        return f"{self.pod.metadata.namespace}/{self.pod.metadata.name}"

    def _containers(self) -> Iterable[core_pb2.Container]:
        yield from self.pod.spec.initContainers
        yield from self.pod.spec.containers

    def _record_of(self, container: core_pb2.Container) -> Record:
        """Goes on from what the API and the shim know of earlier runs."""
        record = Record()
        state = self.sandbox.shim.states.get(container.name) if self.sandbox else None
        for status in (*self.pod.status.initContainerStatuses, *self.pod.status.containerStatuses):
            if status.name != container.name:
                continue
            if status.HasField("lastState") and status.lastState.HasField("terminated"):
                record.last = status.lastState
            if state is None and status.containerID:
                record.attempt = status.restartCount + 1
                ended = status.state if status.state.HasField("terminated") else _lost(status)
                record.last = ended
            record.was_ready = status.ready
        if state is not None:
            record.adopted = state.phase == RUNNING
            record.attempt = state.attempt + 1
            record.backoff = Backoff(self._around.config.backoff, state.started_at) if state.attempt else Backoff()
        return record

    def _states(self) -> dict[str, ContainerState]:
        return self.sandbox.shim.states if self.sandbox else {}

    def _alive(self) -> list[str]:
        return [name for name, state in self._states().items() if state.phase in (STARTING, RUNNING)]

    async def _have_sandbox(self) -> None:
        if self.sandbox is not None and self.sandbox.shim.gone:
            self._drop_sandbox()
        if self.sandbox is None:
            around = self._around
            self.sandbox = await sandbox.create(self.pod, around.config, around.network, around.spawner, self.wake)

    def _drop_sandbox(self) -> None:
        """After the shim's death: its containers are dead too and will run again in a new sandbox."""
        if self.sandbox is None:
            return
        for name, state in self.sandbox.shim.states.items():
            self._records[name].last = terminated(state._replace(phase="exited", exit_code=137), self.pod.metadata.uid)
            self._quiet(self._records[name])
        self.sandbox.shim.close()
        self.sandbox.folder.remove_record()
        self._around.network.addresses.release(self.pod.metadata.uid)
        self.sandbox = None

    def _end_sandbox(self) -> None:
        """After the pod's work is done: only its logs remain."""
        if self.sandbox is not None:
            self.sandbox.shim.stop()
            self._around.network.addresses.release(self.pod.metadata.uid)

    # --- starting

    def _candidates(self) -> list[core_pb2.Container]:
        """The containers whose turn has come: init containers one after the other, then all others."""
        found = []
        for container in self.pod.spec.initContainers:
            view = self._view(container)
            found.append(container)
            if not (view.started if view.is_sidecar else view.succeeded):
                return found
        return [*found, *self.pod.spec.containers]

    def _policy(self, container: core_pb2.Container) -> str:
        if container.restartPolicy:
            return container.restartPolicy
        policy = self.pod.spec.restartPolicy or "Always"
        is_init = any(container.name == one.name for one in self.pod.spec.initContainers)
        return "OnFailure" if is_init and policy == "Always" else policy

    async def _start_what_is_due(self) -> float:
        """Starts what may run; when the next container is due, 0 for none."""
        wake_at = 0.0
        for container in self._candidates():
            record, now = self._records[container.name], time.time()
            due = start_time(self._states().get(container.name), self._policy(container), record.backoff)
            if due is None:
                continue
            due = max(due, record.retry_at)
            if due <= now:
                due = await self._start(container, record)
            elif record.waiting is None:
                self._hold_back(container, record)
            if due:
                wake_at = min(due, wake_at or due)
        return wake_at

    def _hold_back(self, container: core_pb2.Container, record: Record) -> None:
        state = self._states()[container.name]
        pod, pause = self.pod.metadata, int(record.backoff.pause)
        record.last = self._ended(state)
        whole = f"container={container.name} pod={pod.name}_{pod.namespace}({pod.uid})"
        record.waiting = ("CrashLoopBackOff", f"back-off {pause}s restarting failed {whole}")
        text = f"Back-off restarting failed container {container.name} in pod {pod.name}_{pod.namespace}({pod.uid})"
        self._event("Warning", "BackOff", text)

    def _ended(self, state: ContainerState) -> core_pb2.ContainerState:
        assert self.sandbox
        text = containers.termination_message(self.sandbox, state.name, state.attempt)
        return terminated(state, self.pod.metadata.uid, text)

    async def _start(self, container: core_pb2.Container, record: Record) -> float:
        """Starts a container; 0, or when to try again."""
        assert self.sandbox
        around = self._around
        try:
            config_maps = await self._config_maps()
            spec = containers.container_spec(
                self.pod,
                container,
                record.attempt,
                self.sandbox,
                around.services.list(),
                config_maps.get,
                around.config,
            )
        except (UnknownImage, InvalidImageName) as error:
            return self._without_image(container, record, error)
        except ConfigError as error:
            record.waiting = ("CreateContainerConfigError", str(error))
            self._event("Warning", "Failed", f"Error: {error}")
            return time.time() + CONFIG_RETRY
        if (before := self._states().get(container.name)) is not None:
            record.last = self._ended(before)
        if record.attempt:
            settings = BackoffSettings(around.config.backoff, around.config.backoff_limit)
            record.backoff = record.backoff.restarted(time.time(), settings)
        record.waiting, record.retry_at = None, 0.0
        self._event("Normal", "Pulled", f'Container image "{container.image}" already present on machine')
        self._event("Normal", "Created", f"Created container: {container.name}")
        self.sandbox.shim.start(spec)
        record.attempt += 1
        return 0.0

    def _without_image(self, container: core_pb2.Container, record: Record, error: Exception) -> float:
        image = container.image
        if isinstance(error, InvalidImageName):
            record.waiting = ("InvalidImageName", str(error))
        elif record.waiting is None:
            record.waiting = ("ErrImagePull", str(error))
            self._event("Warning", "Failed", f'Failed to pull image "{image}": {error}')
        else:
            record.waiting = ("ImagePullBackOff", f'Back-off pulling image "{image}": {error}')
            self._event("Normal", "BackOff", f'Back-off pulling image "{image}"')
        config = self._around.config
        settings = BackoffSettings(config.backoff, config.backoff_limit)
        record.backoff = record.backoff.restarted(time.time(), settings)
        record.retry_at = time.time() + record.backoff.pause
        return record.retry_at

    async def _config_maps(self) -> dict[str, core_pb2.ConfigMap]:
        found = {}
        for name in volumes.config_maps_of(self.pod):
            try:
                found[name] = await self._around.client.get(kinds.CONFIG_MAPS, name, self.pod.metadata.namespace)
            except errors.NotFound:
                continue
        return found

    async def _settle(self) -> None:
        """Gives starting containers a moment."""

        def settled() -> bool:
            return self._removed or not any(state.phase == STARTING for state in self._states().values())

        await self._until(settled, lambda: began + START_PATIENCE) if (began := time.time()) else None

    async def _until(self, condition: Callable[[], bool], deadline: Callable[[], float]) -> bool:
        """Waits for the condition, looking whenever something changed; False if the deadline came first."""
        while not condition():
            left = deadline() - time.time()
            if left <= 0:
                return False
            self._pulse.clear()
            try:
                async with asyncio.timeout(left):
                    await self._pulse.wait()
            except TimeoutError:
                continue
        return True

    # --- what happened to containers

    def _observe(self) -> None:
        """Acts once on each new phase of a container."""
        for container in self._containers():
            record, state = self._records[container.name], self._states().get(container.name)
            if state is None or record.seen == (state.attempt, state.phase):
                continue
            record.seen = (state.attempt, state.phase)
            if state.phase == RUNNING:
                self._begun(container, record)
            elif state.phase != STARTING:
                self._quiet(record)
                if state.phase == FAILED:
                    self._event("Warning", "Failed", f"Error: {state.error}")

    def _begun(self, container: core_pb2.Container, record: Record) -> None:
        assert self.sandbox
        name = container.name
        adopted, record.adopted = record.adopted, False
        if not adopted:
            self._event("Normal", "Started", f"Started container {name}")

        def failed(kind: str, probe: core_pb2.Probe) -> None:
            self._event("Normal", "Killing", f"Container {name} failed {kind.lower()} probe, will be restarted")
            own = probe.terminationGracePeriodSeconds if probe.HasField("terminationGracePeriodSeconds") else None
            self._in_background(self._kill(container, self._grace() if own is None else own))

        def unhealthy(text: str) -> None:
            self._event("Warning", "Unhealthy", text)

        was_ready = adopted and record.was_ready
        record.probes = Probes(container, self.sandbox, self.wake, failed, unhealthy, was_ready=was_ready)
        if container.lifecycle.HasField("postStart") and not adopted:
            record.hook = asyncio.create_task(self._post_start(container))

    async def _post_start(self, container: core_pb2.Container) -> None:
        assert self.sandbox
        try:
            await checks.check(container.lifecycle.postStart, container, self.sandbox)
        except CheckFailed as error:
            self._event("Warning", "FailedPostStartHook", f"PostStartHook failed: {error}")
            await self._kill(container, 0)
        self.wake()

    def _quiet(self, record: Record) -> None:
        if record.probes:
            record.probes.stop()
        if record.hook:
            record.hook.cancel()
        record.probes = record.hook = None

    def _in_background(self, work: "asyncio.Future[None] | object") -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)  # type: ignore[arg-type]
        self._kills.add(task)
        task.add_done_callback(self._kills.discard)

    # --- the end

    def _grace(self) -> float:
        spec = self.pod.spec
        return float(spec.terminationGracePeriodSeconds if spec.HasField("terminationGracePeriodSeconds") else 30)

    async def _terminate(self) -> float | None:
        meta = self.pod.metadata
        grace = 0.0 if self._removed else float(meta.deletionGracePeriodSeconds)
        deadline = time.time() + grace
        self._deadline = min(self._deadline, deadline) if self._stopping else deadline
        if self._stopping is None:
            self._stopping = asyncio.create_task(self._stop_all())
            self._stopping.add_done_callback(lambda _: self.wake())
        if not self._stopping.done():
            self._observe()
            if not self._removed:
                await self._write_status()
            return 0.0
        await self._forget()
        if not self._removed:
            await self._delete_object()
        return None

    async def _stop_all(self) -> None:
        """Ends the containers, sidecars after the others."""
        names = {container.name for container in self.pod.spec.containers}
        for chosen in (self.pod.spec.containers, self.pod.spec.initContainers):
            async with asyncio.TaskGroup() as group:
                for container in chosen:
                    if container.name in self._alive():
                        self._event("Normal", "Killing", f"Stopping container {container.name}")
                        group.create_task(self._stop(container, lambda: self._deadline))
        log.debug("containers ended", extra={"pod": self._name, "containers": len(names)})

    async def _kill(self, container: core_pb2.Container, grace: float) -> None:
        deadline = time.time() + grace
        await self._stop(container, lambda: deadline)

    async def _stop(self, container: core_pb2.Container, deadline: Callable[[], float]) -> None:
        """preStop, then the stop signal, then SIGKILL at the deadline; returns when the container has ended."""
        assert self.sandbox
        if (probes := self._records[container.name].probes) is not None:
            probes.stop_liveness()
        shim, name = self.sandbox.shim, container.name

        def ended() -> bool:
            return shim.gone or name not in self._alive()

        try:
            if container.lifecycle.HasField("preStop") and deadline() > time.time():
                await self._pre_stop(container, deadline)
            if deadline() > time.time():
                shim.signal(name, _stop_signal(container))
                await self._until(ended, deadline)
            if not ended():
                shim.signal(name, signal.SIGKILL)
                await self._until(ended, lambda: time.time() + STOP_PATIENCE)
        except ShimError:
            return

    async def _pre_stop(self, container: core_pb2.Container, deadline: Callable[[], float]) -> None:
        assert self.sandbox
        hook = asyncio.create_task(checks.check(container.lifecycle.preStop, container, self.sandbox))
        hook.add_done_callback(lambda _: self.wake())
        if not await self._until(hook.done, deadline):
            hook.cancel()
            return
        if isinstance(error := hook.exception(), CheckFailed):
            self._event("Warning", "FailedPreStopHook", f"PreStopHook failed: {error}")

    async def _forget(self) -> None:
        """Ends the sandbox and gives its address back."""
        shim = self.sandbox.shim if self.sandbox else None
        if shim is not None and self.sandbox is not None:
            shim.stop()
            limit = time.time() + STOP_PATIENCE
            await self._until(lambda: shim.gone, lambda: limit)
            self.sandbox.folder.remove()
        self._around.network.addresses.release(self.pod.metadata.uid)

    async def _delete_object(self) -> None:
        meta = self.pod.metadata
        try:
            await self._around.client.delete(kinds.PODS, meta.name, meta.namespace, grace_period=0, uid=meta.uid)
        except (errors.NotFound, errors.Conflict):
            return

    # --- status

    def _view(self, container: core_pb2.Container) -> ContainerView:
        record, state = self._records[container.name], self._states().get(container.name)
        hook_runs = record.hook is not None and not record.hook.done()
        running = state is not None and state.phase == RUNNING and not hook_runs
        message = ""
        if state is not None and state.phase not in (STARTING, RUNNING) and self.sandbox:
            message = containers.termination_message(self.sandbox, state.name, state.attempt)
        is_init = any(container.name == one.name for one in self.pod.spec.initContainers)
        done = is_init and state is not None and state.phase == "exited" and state.exit_code == 0
        return ContainerView(
            spec=container,
            state=state._replace(phase=STARTING) if state is not None and hook_runs else state,
            waiting=record.waiting,
            last=record.last,
            restart_count=max(record.attempt - 1, 0),
            ready=done or bool(running and record.probes and record.probes.ready),
            started=bool(running and record.probes and record.probes.started),
            message=message,
        )

    def _pod_view(self) -> PodView:
        return PodView(
            pod=self.pod,
            init=[self._view(container) for container in self.pod.spec.initContainers],
            containers=[self._view(container) for container in self.pod.spec.containers],
            addresses=self.sandbox.addresses if self.sandbox else [],
            node_addresses=list(self._around.config.node_ips),
            has_sandbox=self.sandbox is not None,
        )

    async def _write_status(self) -> None:
        """Writes the status if it is another than the API's."""
        while True:
            status = pod_status(self._pod_view(), timestamps.time(time.time()))
            if status == self.pod.status:
                return
            wanted = core_pb2.Pod()
            wanted.CopyFrom(self.pod)
            wanted.status.CopyFrom(status)
            try:
                self.pod = await self._around.client.update_status(wanted)
            except errors.NotFound:
                return
            except errors.Conflict:
                meta = self.pod.metadata
                self.pod = await self._around.client.get(kinds.PODS, meta.name, meta.namespace)
                if self.pod.metadata.uid != meta.uid:
                    self._removed = True
                    return
                continue
            if self.pod.status.phase in TERMINAL:
                self.wake()
            return

    def _event(self, kind: str, reason: str, message: str) -> None:
        self._around.events.event(self.pod, "Warning" if kind == "Warning" else "Normal", reason, message)


def _stop_signal(container: core_pb2.Container) -> int:
    name = container.lifecycle.stopSignal or "SIGTERM"
    return getattr(signal, name, signal.SIGTERM)


def _lost(status: core_pb2.ContainerStatus) -> core_pb2.ContainerState:
    """How a container ended that died with its machine."""
    ended = core_pb2.ContainerStateTerminated(
        exitCode=137,
        reason="ContainerStatusUnknown",
        message="The container could not be located when the pod was started again",
        startedAt=status.state.running.startedAt,
        containerID=status.containerID,
    )
    return core_pb2.ContainerState(terminated=ended)

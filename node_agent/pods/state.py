"""What a pod's worker knows at this moment: the object, the sandbox, and a record of each container's runs."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from node_agent.config import Config
from node_agent.pods.containers import termination_message
from node_agent.pods.probes import Probes
from node_agent.pods.restarts import Backoff
from node_agent.pods.sandbox import NodeNetwork, Sandbox
from node_agent.pods.spawner import Spawner
from node_agent.pods.status import terminated
from node_agent.pods.views import ContainerView, PodView
from node_agent.shim.records import EXITED, RUNNING, STARTING, ContainerState
from protos import timestamps
from protos.kubernetes import core_pb2
from svclab.client import Client, EventRecorder, Lister

LOST = "ContainerStatusUnknown"
KILLED = 137  # the exit code of what SIGKILL ended


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
    """What is remembered of one container beside its shim's state."""

    attempt: int = 0  # of the next run
    backoff: Backoff = field(default_factory=Backoff)
    image: str = ""  # what runs
    retry_at: float = 0.0  # after a start that failed for want of an image or a ConfigMap
    waiting: tuple[str, str] | None = None
    last: core_pb2.ContainerState | None = None  # how the run before ended
    seen: tuple[int, str] = (-1, "")  # attempt and phase that have been acted upon
    adopted: bool = False  # the present run was begun by an earlier agent,
    was_ready: bool = False  # which had found it ready
    probes: Probes | None = None
    hook: asyncio.Task[None] | None = None  # postStart


class PodState:
    """`wake` is called when something about the pod changed: it ends every wait of `until`."""

    def __init__(self, pod: core_pb2.Pod, around: Surroundings, adopted: Sandbox | None) -> None:
        self.pod = pod
        self.sandbox = adopted
        self.around = around
        self.removed = False  # the object is gone from the API
        self.woken = asyncio.Event()
        self._pulse = asyncio.Event()
        self.records = {one.name: self._record_of(one) for one in self.containers()}

    def wake(self) -> None:
        self.woken.set()
        self._pulse.set()

    async def until(self, condition: Callable[[], bool], deadline: Callable[[], float]) -> bool:
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

    @property
    def uid(self) -> str:
        return self.pod.metadata.uid

    @property
    def name(self) -> str:
        return f"{self.pod.metadata.namespace}/{self.pod.metadata.name}"

    @property
    def is_ending(self) -> bool:
        return self.removed or self.pod.metadata.HasField("deletionTimestamp")

    def containers(self) -> Iterable[core_pb2.Container]:
        yield from self.pod.spec.initContainers
        yield from self.pod.spec.containers

    def states(self) -> dict[str, ContainerState]:
        return self.sandbox.shim.states if self.sandbox else {}

    def is_alive(self, container: str) -> bool:
        state = self.states().get(container)
        return state is not None and state.phase in (STARTING, RUNNING)

    def is_init(self, container: core_pb2.Container) -> bool:
        return any(container.name == one.name for one in self.pod.spec.initContainers)

    def event(self, reason: str, message: str, *, warning: bool = False) -> None:
        self.around.events.event(self.pod, "Warning" if warning else "Normal", reason, message)

    def how_it_ended(self, state: ContainerState) -> core_pb2.ContainerState:
        text = termination_message(self.sandbox, state.name, state.attempt) if self.sandbox else ""
        return terminated(state, self.uid, text)

    def lose_sandbox(self) -> None:
        """After the shim's death: its containers are dead too, and will run again in a new sandbox."""
        if self.sandbox is None:
            return
        for name, state in self.states().items():
            ended = state._replace(phase=EXITED, exit_code=KILLED, finished_at=time.time())
            self.records[name].last = self.how_it_ended(ended if self.is_alive(name) else state)
        self.sandbox.shim.close()
        self.sandbox.folder.remove_record()
        self.around.network.addresses.release(self.uid)
        self.sandbox = None

    def view(self, container: core_pb2.Container) -> ContainerView:
        record, state = self.records[container.name], self.states().get(container.name)
        message, ready, started = "", False, False
        if state is not None and record.hook is not None and not record.hook.done():
            state = state._replace(phase=STARTING)  # a container runs for others once its postStart hook is through
        elif state is not None and state.phase == RUNNING and record.probes:
            ready, started = record.probes.ready, record.probes.started
        elif state is not None and state.phase == EXITED:
            message = termination_message(self.sandbox, state.name, state.attempt) if self.sandbox else ""
            ready = self.is_init(container) and state.exit_code == 0
        restarts = max(record.attempt - 1, 0)
        return ContainerView(container, state, record.waiting, record.last, restarts, ready, started, message)

    def pod_view(self) -> PodView:
        return PodView(
            pod=self.pod,
            init=[self.view(container) for container in self.pod.spec.initContainers],
            containers=[self.view(container) for container in self.pod.spec.containers],
            addresses=self.sandbox.addresses if self.sandbox else [],
            node_addresses=list(self.around.config.node_ips),
            has_sandbox=self.sandbox is not None,
        )

    def _record_of(self, container: core_pb2.Container) -> Record:
        """Goes on from what the API and the shim know of earlier runs."""
        record, state = Record(), self.states().get(container.name)
        for status in (*self.pod.status.initContainerStatuses, *self.pod.status.containerStatuses):
            if status.name != container.name:
                continue
            record.was_ready, record.image = status.ready, status.image
            if status.lastState.HasField("terminated"):
                record.last = status.lastState
            if state is None and status.containerID:
                record.attempt = status.restartCount + 1
                record.last = status.state if status.state.HasField("terminated") else _lost(status)
        if state is not None:
            record.adopted = state.phase == RUNNING
            record.attempt = state.attempt + 1
            if state.attempt:
                record.backoff = Backoff(self.around.config.backoff, state.started_at)
        return record


def _lost(status: core_pb2.ContainerStatus) -> core_pb2.ContainerState:
    """How a container ended that died with its machine."""
    ended = core_pb2.ContainerStateTerminated(
        exitCode=KILLED,
        reason=LOST,
        message="The container could not be located when the pod was started again",
        startedAt=status.state.running.startedAt,
        finishedAt=timestamps.time(time.time()),
        containerID=status.containerID,
    )
    return core_pb2.ContainerState(terminated=ended)

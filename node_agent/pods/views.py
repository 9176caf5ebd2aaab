"""What is known of a pod and its containers when its status is computed."""

from collections.abc import Sequence
from dataclasses import dataclass

from node_agent.pods.restarts import START_ERROR_CODE
from node_agent.shim.records import EXITED, FAILED, RUNNING, ContainerState
from protos.kubernetes import core_pb2


@dataclass(frozen=True)
class ContainerView:
    """What is known of one container."""

    spec: core_pb2.Container
    state: ContainerState | None = None  # of its latest run
    waiting: tuple[str, str] | None = None  # (reason, message) while it is not to run, whatever became of the last run
    last: core_pb2.ContainerState | None = None  # how the run before ended
    restart_count: int = 0
    ready: bool = False
    started: bool = False
    message: str = ""  # what the program left as its termination message

    @property
    def running(self) -> bool:
        return self.state is not None and self.state.phase == RUNNING and self.waiting is None

    @property
    def ended(self) -> bool:
        return self.state is not None and self.state.phase in (EXITED, FAILED) and self.waiting is None

    @property
    def succeeded(self) -> bool:
        return self.ended and self.exit_code == 0

    @property
    def exit_code(self) -> int:
        if self.state is None:
            return 0
        return START_ERROR_CODE if self.state.phase == FAILED else self.state.exit_code

    @property
    def is_sidecar(self) -> bool:
        return self.spec.restartPolicy == "Always"


@dataclass(frozen=True)
class PodView:
    """What is known of a pod."""

    pod: core_pb2.Pod
    init: Sequence[ContainerView]
    containers: Sequence[ContainerView]
    addresses: Sequence[str]
    node_addresses: Sequence[str]
    has_sandbox: bool
    message: str = ""  # why it has none

    @property
    def initialized(self) -> bool:
        return all(view.started if view.is_sidecar else view.succeeded for view in self.init)

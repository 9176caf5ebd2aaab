"""What a driver tells of a cluster: its processes, and its nodes as machines."""

from collections.abc import Sequence
from dataclasses import dataclass

RUNNING, STOPPED, PAUSED, FAILED = "Running", "Stopped", "Paused", "Restarting"


@dataclass(frozen=True)
class ProcessStatus:
    """One process. `rss` in bytes; pid and rss are 0 where it does not run or the driver does not know."""

    name: str
    status: str
    pid: int
    rss: int
    log: str


@dataclass(frozen=True)
class NodeStatus:
    """One node as a machine; whether Kubernetes calls it Ready, `svclab get nodes` tells."""

    name: str
    status: str
    addresses: list[str]
    disconnected_from: list[str]


@dataclass(frozen=True)
class Observed:
    """The whole of it. `api` is where the API server answers."""

    running: bool
    api: str
    processes: Sequence[ProcessStatus]
    nodes: Sequence[NodeStatus]

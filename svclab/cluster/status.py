"""What can be seen of a cluster from outside: its processes and its nodes."""

import os
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from svclab.cluster.addresses import Plan
from svclab.cluster.config import AGENT_SUFFIX, ClusterConfig, NodeConfig
from svclab.cluster.state import PROCESSES, StateFolder

RUNNING, STOPPED, PAUSED, FAILED = "Running", "Stopped", "Paused", "Restarting"


@dataclass(frozen=True)
class ProcessStatus:
    """One process. `rss` in bytes; pid and rss are 0 where it does not run."""

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
class ClusterStatus:
    """A whole cluster."""

    name: str
    status: str
    driver: str
    store: str
    version: str
    folder: str
    api_socket: str
    node_subnet: str
    pod_subnet: str
    service_subnet: str
    processes: list[ProcessStatus]
    nodes: list[NodeStatus]


def observe(state: StateFolder) -> ClusterStatus:
    """Looks at a cluster. Raises ClusterError if its configuration is damaged."""
    config = state.load()
    running = state.running()
    network = config.networking
    names = [*PROCESSES, *(f"{node.name}{AGENT_SUFFIX}" for node in config.nodes if node.powered)]
    return ClusterStatus(
        name=state.name,
        status=RUNNING if running else STOPPED,
        driver=config.driver,
        store=config.store,
        version=version("svclab"),
        folder=str(state.root),
        api_socket=str(state.api_socket),
        node_subnet=",".join(map(str, network.node_subnets)),
        pod_subnet=",".join(map(str, network.pod_subnets)),
        service_subnet=",".join(map(str, network.service_subnets)),
        processes=[_process(state, name, running) for name in names],
        nodes=[_node(state, config, node) for node in config.nodes],
    )


def _process(state: StateFolder, name: str, running: bool) -> ProcessStatus:
    pid = state.pid(name)
    log = str(state.log(name.removesuffix(AGENT_SUFFIX)))
    if pid is None:
        return ProcessStatus(name, FAILED if running else STOPPED, 0, 0, log)
    return ProcessStatus(name, _life(pid), pid, _resident(pid), log)


def _node(state: StateFolder, config: ClusterConfig, node: NodeConfig) -> NodeStatus:
    pid = state.pid(node.name)
    addresses = Plan(config.networking.node_subnets).addresses(Plan.of_node(node.number))
    return NodeStatus(node.name, STOPPED if pid is None else _life(pid), addresses, list(node.cut_from))


def _life(pid: int) -> str:
    with suppress(OSError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return PAUSED if state == "T" else RUNNING
    return STOPPED


def _resident(pid: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0

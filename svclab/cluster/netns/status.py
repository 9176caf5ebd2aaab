"""The processes and nodes of a cluster in namespaces, as `svclab status` shows them."""

import os
from contextlib import suppress
from pathlib import Path

from svclab.cluster.addresses import Plan
from svclab.cluster.config import AGENT_SUFFIX, ClusterConfig, NodeConfig
from svclab.cluster.observed import FAILED, PAUSED, RUNNING, STOPPED, NodeStatus, Observed, ProcessStatus
from svclab.cluster.state import PROCESSES, StateFolder


def observe(state: StateFolder, config: ClusterConfig) -> Observed:
    """Looks at a cluster."""
    running = state.running()
    cloud = [f"cloud{AGENT_SUFFIX}"] if config.load_balancer.mode != "none" else []
    names = [*PROCESSES, *cloud, *(f"{node.name}{AGENT_SUFFIX}" for node in config.nodes if node.powered)]
    return Observed(
        running=running,
        api=f"unix:{state.api_socket}",
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

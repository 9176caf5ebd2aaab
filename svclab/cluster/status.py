"""What can be seen of a cluster from outside: its processes and its nodes."""

from dataclasses import dataclass
from importlib.metadata import version

from svclab.cluster.driver import find_driver
from svclab.cluster.observed import RUNNING, STOPPED, NodeStatus, ProcessStatus
from svclab.cluster.state import StateFolder


@dataclass(frozen=True)
class ClusterStatus:
    """A whole cluster."""

    name: str
    status: str
    driver: str
    store: str
    version: str
    folder: str
    api: str
    node_subnet: str
    pod_subnet: str
    service_subnet: str
    processes: list[ProcessStatus]
    nodes: list[NodeStatus]


def observe(state: StateFolder) -> ClusterStatus:
    """Looks at a cluster. Raises ClusterError if its configuration is damaged."""
    config = state.load()
    seen = find_driver(config.driver).observe(state, config)
    network = config.networking
    return ClusterStatus(
        name=state.name,
        status=RUNNING if seen.running else STOPPED,
        driver=config.driver,
        store=config.store,
        version=version("svclab"),
        folder=str(state.root),
        api=seen.api,
        node_subnet=",".join(map(str, network.node_subnets)),
        pod_subnet=",".join(map(str, network.pod_subnets)),
        service_subnet=",".join(map(str, network.service_subnets)),
        processes=list(seen.processes),
        nodes=list(seen.nodes),
    )

"""The containers of a cluster as `svclab status` shows them. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from svclab.cluster.addresses import Plan
from svclab.cluster.config import ClusterConfig
from svclab.cluster.docker.names import name_of
from svclab.cluster.observed import FAILED, PAUSED, RUNNING, STOPPED, NodeStatus, ProcessStatus

Containers = Mapping[str, Mapping[str, Any]]  # by part, as the engine lists them
_STATUS = {"running": RUNNING, "paused": PAUSED, "restarting": FAILED}


def life(containers: Containers, part: str) -> str:
    """Running, Paused, Restarting or Stopped."""
    return _STATUS.get(str(containers.get(part, {}).get("State")), STOPPED)


def processes(config: ClusterConfig, containers: Containers) -> Sequence[ProcessStatus]:
    """All containers; what they use is for `docker stats` to say."""
    return [
        ProcessStatus(part, life(containers, part), 0, 0, f"docker logs {name_of(config.name, part)}")
        for part in sorted(containers)
    ]


def nodes(config: ClusterConfig, containers: Containers) -> Sequence[NodeStatus]:
    """The nodes of the configuration."""
    plan = Plan(config.networking.node_subnets)
    return [
        NodeStatus(
            node.name, life(containers, node.name), plan.addresses(Plan.of_node(node.number)), list(node.cut_from)
        )
        for node in config.nodes
    ]

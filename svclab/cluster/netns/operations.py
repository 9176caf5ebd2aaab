"""What a running supervisor can be asked to do with its nodes: change the stored configuration, and make it so."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from svclab.cluster.config import NodeConfig, new_node, node_name
from svclab.cluster.errors import ClusterError
from svclab.cluster.netns import freezing
from svclab.cluster.netns.requests import Operation

if TYPE_CHECKING:
    from svclab.cluster.netns.supervisor import Supervisor


def operations(supervisor: "Supervisor") -> Mapping[str, Operation]:
    """The operations by the names that requests use."""
    nodes = Nodes(supervisor)
    return {
        "node-add": nodes.add,
        "node-remove": nodes.remove,
        "node-stop": nodes.stop,
        "node-start": nodes.start,
        "node-pause": nodes.pause,
        "node-disconnect": nodes.disconnect,
        "node-connect": nodes.connect,
    }


class Nodes:
    """The nodes of a supervisor's cluster. All methods raise ClusterError."""

    def __init__(self, supervisor: "Supervisor") -> None:
        self._supervisor = supervisor

    def add(self, name: str = "", labels: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """A node more; the answer holds its name."""
        config = self._supervisor.config
        node = new_node(config.nodes, node_name(name, "node name") if name else "", labels)
        self._store((*config.nodes, node))
        self._supervisor.power_on(self._supervisor.machine_of(node))
        return {"name": node.name}

    def remove(self, name: str) -> None:
        """Ends a node and forgets it with its state."""
        node = self._node(name)
        self._store(tuple(other for other in self._supervisor.config.nodes if other.name != name))
        self._supervisor.power_off(self._supervisor.machine_of(node))
        self._supervisor.state.forget(name)

    def stop(self, name: str) -> None:
        """A power cut."""
        node = self._node(name)
        if not node.powered:
            raise ClusterError(f"node {name!r} is stopped already")
        self._change(replace(node, powered=False))
        self._supervisor.power_off(self._supervisor.machine_of(node))

    def start(self, name: str) -> Mapping[str, Any]:
        """Power again, or going on after a pause; the answer tells which."""
        node = self._node(name)
        pid = self._supervisor.state.pid(name)
        if node.powered and pid is not None and not freezing.frozen(pid):
            raise ClusterError(f"node {name!r} is running already")
        if node.powered and pid is not None:
            freezing.thaw(pid)
            return {"continued": True}
        node = replace(node, powered=True)
        self._change(node)
        self._supervisor.power_on(self._supervisor.machine_of(node))
        return {"continued": False}

    def pause(self, name: str) -> None:
        """Freezes everything that runs in the node; its kernel goes on forwarding."""
        freezing.freeze(self._running(name))

    def disconnect(self, name: str, peers: list[str]) -> None:
        """Cuts the node off from the API server, from the other nodes, or both."""
        before = self._node(name)
        self._running(name)
        node = before.disconnected(peers)
        self._change(node)
        for peer in node.cut_from[len(before.cut_from) :]:
            self._supervisor.cut(self._supervisor.machine_of(node), peer)

    def connect(self, name: str) -> None:
        """Undoes every `disconnect`."""
        node = self._node(name)
        self._change(replace(node, cut_from=()))
        for peer in node.cut_from:
            if node.powered:
                self._supervisor.restore(self._supervisor.machine_of(node), peer)

    def _node(self, name: str) -> NodeConfig:
        return self._supervisor.config.node(name)

    def _running(self, name: str) -> int:
        pid = self._supervisor.state.pid(self._node(name).name)
        if pid is None:
            raise ClusterError(f"node {name!r} is not running: start it with `svclab node start {name}`")
        return pid

    def _change(self, node: NodeConfig) -> None:
        self._store(tuple(node if other.name == node.name else other for other in self._supervisor.config.nodes))

    def _store(self, nodes: tuple[NodeConfig, ...]) -> None:
        self._supervisor.config = replace(self._supervisor.config, nodes=nodes)
        self._supervisor.state.save(self._supervisor.config)

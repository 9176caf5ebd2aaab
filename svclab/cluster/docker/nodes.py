"""What can be done with the nodes of a running cluster: change the stored configuration, and make it so."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from svclab.cluster.addresses import Plan
from svclab.cluster.config import ClusterConfig, NodeConfig, new_node, node_name
from svclab.cluster.docker import partition
from svclab.cluster.docker.containers import node as container_of
from svclab.cluster.docker.engine import Engine
from svclab.cluster.docker.joining import equip_nodes
from svclab.cluster.docker.status import life
from svclab.cluster.errors import ClusterError
from svclab.cluster.observed import PAUSED, RUNNING, STOPPED


class Nodes:
    """The nodes of one cluster. All methods raise ClusterError."""

    def __init__(self, engine: Engine, image: Callable[[], str]) -> None:
        self._engine = engine
        self._image = image
        self._state = engine.state
        self._config = engine.state.load()

    def operations(self) -> Mapping[str, Callable[..., Mapping[str, Any] | None]]:
        """The operations by the names that driver.Driver.ask gives them."""
        return {
            "node-add": self.add,
            "node-remove": self.remove,
            "node-stop": self.stop,
            "node-start": self.start,
            "node-pause": self.pause,
            "node-disconnect": self.disconnect,
            "node-connect": self.connect,
        }

    def add(self, name: str = "", labels: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """A node more; the answer holds its name."""
        node = new_node(self._config.nodes, node_name(name, "node name") if name else "", labels)
        before = self._config.nodes
        self._store((*before, node))
        try:
            self._launch(node)
        except BaseException:
            self._store(before)
            self._engine.remove(node.name)
            raise
        return {"name": node.name}

    def _launch(self, node: NodeConfig) -> None:
        self._engine.remove(node.name)  # what a crash has left of one of this name
        self._create(node)
        equip_nodes(self._engine, node.name)
        self._engine.start(node.name)

    def _create(self, node: NodeConfig) -> None:
        plan = Plan(self._config.networking.node_subnets)
        self._engine.create(self._image(), container_of(self._config, node), plan)

    def remove(self, name: str) -> None:
        """Ends a node and forgets it with its state."""
        self._config.node(name)
        self._store(tuple(other for other in self._config.nodes if other.name != name))
        self._engine.remove(name)

    def stop(self, name: str) -> None:
        """A power cut."""
        node = self._config.node(name)
        if not node.powered:
            raise ClusterError(f"node {name!r} is stopped already")
        self._change(replace(node, powered=False))
        if self._life(name) != STOPPED:
            self._engine.kill(name)

    def start(self, name: str) -> None:
        """Power again, or going on after a pause."""
        node = self._config.node(name)
        state = self._life(name)
        if state == RUNNING:
            raise ClusterError(f"node {name!r} is running already")
        self._change(replace(node, powered=True))
        if state == PAUSED:
            self._engine.unpause(name)
            apply(self._engine, name)  # what has been changed meanwhile
            return
        if name not in self._engine.containers():  # somebody has removed it by hand; its volume is still there
            self._create(node)
        equip_nodes(self._engine, name)
        self._engine.start(name)

    def pause(self, name: str) -> None:
        """Freezes everything that runs in the node; the kernel goes on forwarding for it."""
        self._running(name)
        self._engine.pause(name)

    def disconnect(self, name: str, peers: list[str]) -> None:
        """Cuts the node off from the API server, from the other nodes, or both."""
        self._cut(self._running(name).disconnected(peers))

    def connect(self, name: str) -> None:
        """Undoes every `disconnect`."""
        self._cut(replace(self._config.node(name), cut_from=()))

    def _cut(self, node: NodeConfig) -> None:
        self._change(node)
        cut(self._engine, self._config, node)
        if self._life(node.name) == RUNNING:
            apply(self._engine, node.name)

    def _life(self, name: str) -> str:
        return life(self._engine.containers(), name)

    def _running(self, name: str) -> NodeConfig:
        node = self._config.node(name)
        if (state := self._life(name)) != RUNNING:
            what = "paused" if state == PAUSED else "not running"
            raise ClusterError(f"node {name!r} is {what}: start it with `svclab node start {name}`")
        return node

    def _change(self, node: NodeConfig) -> None:
        self._store(tuple(node if other.name == node.name else other for other in self._config.nodes))

    def _store(self, nodes: tuple[NodeConfig, ...]) -> None:
        self._config = replace(self._config, nodes=nodes)
        self._state.save(self._config)


def cut(engine: Engine, config: ClusterConfig, node: NodeConfig) -> None:
    """Lets a node know what it is cut off from, also when it starts, whoever starts it. Raises ClusterError."""
    network = config.networking
    rules = partition.commands(Plan(network.node_subnets), network.pod_subnets, node.cut_from)
    engine.write(node.name, {partition.FOLDER: {partition.FILE: f"{rules}\n".encode()}})


def apply(engine: Engine, node: str) -> None:
    """Makes it so that a running node reaches all but what it is cut off from. Raises ClusterError."""
    engine.run(node, ["svclab-partition"])

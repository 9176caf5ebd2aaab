"""The driver `docker` as commands see it."""

import socket
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from svclab.client.endpoint import Endpoint
from svclab.cluster import locks
from svclab.cluster.addresses import Plan
from svclab.cluster.config import ClusterConfig
from svclab.cluster.docker import containers, image, names, status
from svclab.cluster.docker.connection import connect
from svclab.cluster.docker.engine import Engine
from svclab.cluster.docker.execute import execute
from svclab.cluster.docker.joining import equip_cloud, equip_nodes, take_admin
from svclab.cluster.docker.nodes import Nodes, cut
from svclab.cluster.errors import ClusterError
from svclab.cluster.observed import RUNNING, Observed
from svclab.cluster.state import StateFolder

Say = Callable[[str], None]
_WORKERS = 8  # requests to the engine at a time


class DockerDriver:
    """Clusters of containers on one engine; see driver.Driver."""

    name = "docker"

    def check(self) -> None:
        """Raises ClusterError if no engine answers."""
        connect()

    def prepare(self, say: Say) -> None:
        """Builds the image where it is missing. Raises ClusterError."""
        image.ensure(connect(), say)

    def start(self, state: StateFolder, config: ClusterConfig, say: Say) -> None:
        """Starts a cluster whose configuration is stored, and returns when its containers run. Raises ClusterError."""
        engine = Engine(state)
        if strangers := engine.strangers():
            raise ClusterError(
                f"a cluster {state.name!r} of the state folder {strangers[0]} is on this engine: choose another --name"
            )
        chosen = image.ensure(engine.api, say)
        say("network")
        engine.make_network(Plan(config.networking.node_subnets))
        say("control plane and nodes")
        _start_all(engine, config, chosen)

    def stop(self, state: StateFolder, config: ClusterConfig) -> None:
        """Removes the containers and the network; the volumes keep what they hold. Raises ClusterError."""
        Engine(state).remove_containers()

    def delete(self, state: StateFolder, config: ClusterConfig) -> None:
        """Removes the volumes too. Raises ClusterError."""
        Engine(state).remove_volumes()

    def running(self, state: StateFolder) -> bool:
        """Whether the API server's container runs. Raises ClusterError."""
        return status.life(Engine(state).containers(), names.API_SERVER) == RUNNING

    def observe(self, state: StateFolder, config: ClusterConfig) -> Observed:
        """The containers, as processes and as nodes. Raises ClusterError."""
        found = Engine(state).containers()
        return Observed(
            running=status.life(found, names.API_SERVER) == RUNNING,
            api=Endpoint(state.endpoint).address,
            processes=status.processes(config, found),
            nodes=status.nodes(config, found),
        )

    def log(self, state: StateFolder, process: str) -> str:
        """How to see the log of a process."""
        return f"`docker logs {names.name_of(state.name, process)}`, or {state.log(process)} once it is removed"

    def ask(self, state: StateFolder, do: str, **arguments: Any) -> Mapping[str, Any]:
        """Changes the nodes of a running cluster, one request after the other. Raises ClusterError."""
        with locks.held(state.lock("nodes")):
            engine = Engine(state)
            nodes = Nodes(engine, lambda: engine.image_of(names.API_SERVER))
            return nodes.operations()[do](**arguments) or {}

    def execute(self, state: StateFolder, where: str, command: Sequence[str]) -> int:
        """Runs a command in a node's container or in the outside client's. Raises ClusterError."""
        if status.life(Engine(state).containers(), where) != RUNNING:
            raise ClusterError(f"{where!r} is not running in cluster {state.name!r}")
        return execute(names.name_of(state.name, where), command)


def _start_all(engine: Engine, config: ClusterConfig, chosen: str) -> None:
    """Starts all containers at once: the nodes wait for their tokens, and only the cloud must find its credentials."""
    plan = Plan(config.networking.node_subnets)
    port = _free_port(Endpoint(engine.state.endpoint).port)
    powered = [node for node in config.nodes if node.powered]
    beside = [containers.outside(config), *(containers.node(config, node) for node in config.nodes)]
    on = {names.OUTSIDE, *(node.name for node in powered)}
    cut_off = {node.name: node for node in config.nodes if node.cut_from}

    def launch(item: containers.Container) -> None:
        engine.create(chosen, item, plan)
        if item.part in cut_off:
            cut(engine, config, cut_off[item.part])
        if item.part in on:
            engine.start(item.part)

    def launch_cloud() -> None:
        if config.load_balancer.mode != "none":
            engine.create(chosen, containers.cloud(config), plan)
            equip_cloud(engine)
            engine.start(names.CLOUD)

    with ThreadPoolExecutor(_WORKERS) as pool:
        engine.create(chosen, containers.api_server(config, port), plan)
        engine.start(names.API_SERVER)
        launched = [pool.submit(launch, item) for item in beside]
        take_admin(engine, port)
        for one in launched:
            one.result()
        cloud = pool.submit(launch_cloud)
        equip_nodes(engine, *(node.name for node in powered))
        cloud.result()


def _free_port(wanted: int) -> int:
    """The port that the cluster had, if it is still free, or any other of 127.0.0.1."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ClusterError("no port of 127.0.0.1 is free")

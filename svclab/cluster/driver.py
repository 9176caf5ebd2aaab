"""What a driver does: it turns a stored configuration into a running cluster, and back into nothing."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol

from svclab.cluster.config import ClusterConfig
from svclab.cluster.errors import ClusterError
from svclab.cluster.observed import Observed
from svclab.cluster.state import StateFolder

Say = Callable[[str], None]  # told each step of a start

_DRIVERS = {
    "netns": "svclab.cluster.netns.driver:NetnsDriver",
    "docker": "svclab.cluster.docker.driver:DockerDriver",
}


class Driver(Protocol):
    """One way to run clusters. Every method raises ClusterError."""

    name: str

    def check(self) -> None:
        """Finds out whether this machine can run clusters, before anything is started."""

    def prepare(self, say: Say) -> None:
        """Gets what clusters are made of where it is missing, which may take minutes; nothing is chosen before."""

    def start(self, state: StateFolder, config: ClusterConfig, say: Say) -> None:
        """Starts all processes of a cluster and returns when they are started; the nodes need not be Ready yet."""

    def stop(self, state: StateFolder, config: ClusterConfig) -> None:
        """Ends everything of a cluster, also what a crash has left of it, and keeps its state."""

    def delete(self, state: StateFolder, config: ClusterConfig) -> None:
        """Removes what of a stopped cluster's state is kept outside of its folder."""

    def running(self, state: StateFolder) -> bool:
        """Whether the cluster has been started and not stopped."""

    def observe(self, state: StateFolder, config: ClusterConfig) -> Observed:
        """Looks at a cluster."""

    def log(self, state: StateFolder, process: str) -> str:
        """Where the log of a process (`apiserver`, a node) is to be found, in words for people."""

    def ask(self, state: StateFolder, do: str, **arguments: Any) -> Mapping[str, Any]:
        """Changes a running cluster: node-add, -remove, -stop, -start, -pause, -disconnect, -connect."""

    def execute(self, state: StateFolder, where: str, command: Sequence[str]) -> int:
        """Runs a command in a node, or in `outside` where an outside client is; its exit code."""


def find_driver(name: str) -> Driver:
    """The driver of that name. Raises ClusterError if there is none."""
    if name not in _DRIVERS:
        raise ClusterError(f"driver {name!r} is none of {', '.join(_DRIVERS)}")
    module, _, attribute = _DRIVERS[name].partition(":")
    driver: Driver = getattr(import_module(module), attribute)()
    return driver


def driver_of(state: StateFolder) -> Driver:
    """The driver of a cluster that exists; netns where its configuration is damaged."""
    return find_driver(state.load_or_default().driver)


def is_running(state: StateFolder) -> bool:
    """Whether a cluster exists and runs. Raises ClusterError if its driver cannot tell."""
    return state.exists() and driver_of(state).running(state)

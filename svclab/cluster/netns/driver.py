"""The driver `netns` as commands see it: it starts and ends clusters, and passes requests on to their supervisors."""

import json
import os
import signal
from collections.abc import Callable, Sequence

from svclab.cluster.config import ClusterConfig
from svclab.cluster.errors import ClusterError
from svclab.cluster.netns import host, network, preflight, requests, status
from svclab.cluster.netns.execute import execute
from svclab.cluster.netns.launch import launch
from svclab.cluster.netns.machine import CLOUD, OUTSIDE
from svclab.cluster.netns.process import wait_for_end
from svclab.cluster.netns.progress import Progress
from svclab.cluster.observed import Observed
from svclab.cluster.state import INIT, SUPERVISOR, StateFolder

Say = Callable[[str], None]


class NetnsDriver:
    """Clusters of processes and namespaces on this machine; see driver.Driver."""

    name = "netns"

    def check(self) -> None:
        """Raises ClusterError if this machine lacks a program or library."""
        preflight.check_programs()

    def prepare(self, say: Say) -> None:
        """Clusters are made of what is installed."""

    def start(self, state: StateFolder, config: ClusterConfig, say: Say) -> None:
        """Starts a cluster whose configuration is stored, and returns when its processes run. Raises ClusterError."""
        root = host.is_root()
        if root and (link := host.link_name(config.name)) in network.links():
            raise ClusterError(
                f"a link {link} exists: a cluster {config.name!r} of another state folder or user runs: "
                "choose another --name"
            )
        reading, writing = os.pipe2(os.O_CLOEXEC)
        with os.fdopen(reading) as messages:  # closed before anybody looks for what an interrupted start has left
            progress = Progress(writing)
            launch(state, progress, root=root)
            progress.close()
            for line in messages:
                message = json.loads(line)
                if "error" in message:
                    raise ClusterError(message["error"])
                if "done" in message:
                    return
                say(message["step"])
        raise ClusterError(f"the supervisor ended while it was starting: see {state.log(SUPERVISOR)}")

    def stop(self, state: StateFolder, config: ClusterConfig) -> None:
        """Ends everything of a cluster, and what a crash has left of it. Raises ClusterError if it does not end."""
        machines = [OUTSIDE, CLOUD, *(node.name for node in config.nodes)]
        pid = state.pid(INIT)
        if pid is not None:
            _kill(pid)
            if host.is_root():
                network.remove(host.link_name(config.name))  # the kernel would do it too, but later
        elif host.is_root() and state.supervisor_socket.exists():  # it was killed, and left no time to tidy up
            network.wait_until_gone(host.link_name(config.name))
        host.withdraw(state.name, machines)
        state.clear_runtime()

    def delete(self, state: StateFolder, config: ClusterConfig) -> None:
        """All state is in the folder."""

    def running(self, state: StateFolder) -> bool:
        """Whether the cluster's first process lives."""
        return state.running()

    def observe(self, state: StateFolder, config: ClusterConfig) -> Observed:
        """The processes and nodes."""
        return status.observe(state, config)

    def log(self, state: StateFolder, process: str) -> str:
        """The path of the log of a process."""
        return str(state.log(process))

    def ask(self, state: StateFolder, do: str, **arguments: object) -> dict[str, object]:
        """Passes a request on to the supervisor; operations.py lists them. Raises ClusterError with its reason."""
        return dict(requests.ask(state.supervisor_socket, do, **arguments))

    def execute(self, state: StateFolder, where: str, command: Sequence[str]) -> int:
        """Runs a command in a node or where an outside client is; its exit code. Raises ClusterError."""
        pid = state.pid(where)
        if pid is None:
            raise ClusterError(f"{where!r} is not running in cluster {state.name!r}")
        try:
            return execute(pid, command)
        except OSError as error:
            raise ClusterError(f"{where!r} cannot be entered: {error}") from error


def _kill(pid: int) -> None:
    pidfd = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        if not wait_for_end(pidfd):
            raise ClusterError(f"process {pid} does not end: try `svclab down` again")
    finally:
        os.close(pidfd)

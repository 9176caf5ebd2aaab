"""The supervisor: brings the cluster up to its configuration, keeps it there, and takes requests to change it.

It holds no state that matters: who is alive is told by the locks, what shall be by the stored configuration. So it can
die at any moment, and its successor goes on.
"""

import os
import signal
import time
from collections.abc import Collection

from svclab.cluster.addresses import Plan
from svclab.cluster.config import NodeConfig
from svclab.cluster.errors import ClusterError
from svclab.cluster.netns import host, network, partition, programs
from svclab.cluster.netns.logs import limit_logs
from svclab.cluster.netns.machine import CLOUD, OUTSIDE, Machine, Starting, begin, finish, is_agent
from svclab.cluster.netns.operations import operations
from svclab.cluster.netns.process import Process, fork, wait_for_end
from svclab.cluster.netns.progress import Progress
from svclab.cluster.netns.requests import Requests
from svclab.cluster.netns.watch import Watch
from svclab.cluster.state import API_SERVER, PROCESSES, StateFolder

_HOUSEKEEPING = 10.0  # seconds between looks at the logs
_START_PATIENCE = 5.0  # seconds for a forked process to take its lock


def run(state: StateFolder, around: host.Host, progress: Progress) -> int:
    """The process: says through `progress` how far it is, and `done` or `error`."""
    try:
        supervisor = Supervisor(state, around)
        supervisor.boot(progress)
    except ClusterError as error:
        progress.say(error=str(error))
        raise
    progress.say(done="yes")
    progress.close()
    supervisor.watch.run(lambda: limit_logs(state), _HOUSEKEEPING)
    return 0


class Supervisor:
    """The processes of one cluster."""

    def __init__(self, state: StateFolder, around: host.Host) -> None:
        self.state = state
        self.host = around
        self.config = state.load()
        self.plan = Plan(self.config.networking.node_subnets)
        self.watch = Watch()

    def boot(self, progress: Progress) -> None:
        """Makes everything that is not there yet. Raises ClusterError."""
        progress.say(step="network")
        self._lay_network()
        progress.say(step="control plane")
        requests = Requests(self.state.supervisor_socket, operations(self))
        self.watch.listen(requests.fileno(), requests.answer)
        programs.warm(programs.MACHINES)
        machines = [*self.own_machines(), *(self.machine_of(node) for node in self.config.nodes if node.powered)]
        self._end_unwanted({item.name for item in machines})
        # Forked before the API server's modules are loaded, which they need not; let go when it is there to answer.
        missing = [item for item in machines if not self._runs(item)]
        starting = [begin(item, self.state, self.plan, self.host) for item in missing]
        programs.warm(programs.CONTROL_PLANE)
        self.watch.add(API_SERVER, lambda: self.state.pid(API_SERVER), self._start_api_server)
        progress.say(step="nodes")
        self._finish(starting)
        for item in machines:
            self._watch_machine(item)

    def _lay_network(self) -> None:
        present = network.links()
        if network.BRIDGE not in present:
            network.run(network.switch(self.plan))
        if self.host.net is None:
            return
        if network.UPLINK not in present:
            network.run(network.uplink(self.plan, host.link_name(self.state.name), os.getpid()), within=self.host.net)
        network.run([f"link set {network.UPLINK} master {network.BRIDGE} up"])

    def _start_api_server(self) -> None:
        process = Process.of(self.state, API_SERVER)
        fork(process, programs.api_server(self.state, self.config))
        deadline = time.monotonic() + _START_PATIENCE
        while self.state.pid(API_SERVER) is None and time.monotonic() < deadline:
            time.sleep(0.001)

    def own_machines(self) -> list[Machine]:
        """The machines that are no nodes: the outside client, and the cloud where there is one."""
        outside = Machine(OUTSIDE, Plan.OUTSIDE)
        if self.config.load_balancer.mode == "none":
            return [outside]
        return [outside, Machine(CLOUD, Plan.CLOUD, programs.cloud(self.state, self.config), routes=True)]

    def machine_of(self, node: NodeConfig) -> Machine:
        """The machine of a node."""
        program = programs.node_agent(self.state, self.config, node)
        return Machine(node.name, Plan.of_node(node.number), program, routes=True)

    def _end_unwanted(self, wanted: Collection[str]) -> None:
        """Ends machines whose end a supervisor before this one had stored and not lived to see."""
        for name in self.state.held():
            if name not in (*wanted, *PROCESSES) and not is_agent(name):
                self.power_off(Machine(name, 0))

    def _runs(self, item: Machine) -> bool:
        return self.state.pid(item.name) is not None and item.port in network.links()

    def start(self, *machines: Machine) -> None:
        """Starts machines together. Raises ClusterError if one does not come up."""
        self._finish([begin(item, self.state, self.plan, self.host) for item in machines])

    def _finish(self, starting: list[Starting]) -> None:
        finish(starting, self.state)
        for item in starting:
            node = next((node for node in self.config.nodes if node.name == item.machine.name), None)
            for peer in node.cut_from if node else ():
                self.cut(item.machine, peer)

    def power_on(self, item: Machine) -> None:
        """Starts one machine and watches over it from now on. Raises ClusterError."""
        self._watch_machine(item)

    def _watch_machine(self, item: Machine) -> None:
        self.watch.add(item.name, lambda: self.state.pid(item.name), lambda: self.start(item))

    def power_off(self, item: Machine) -> None:
        """A power cut: the kernel ends everything in the machine's PID namespace, and its links go with it."""
        self.watch.remove(item.name)
        if (pid := self.state.pid(item.name)) is not None:
            pidfd = os.pidfd_open(pid)
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            wait_for_end(pidfd)
            os.close(pidfd)
        network.remove(item.port)
        if self.host.net is not None:
            host.withdraw(self.state.name, [item.name])

    def cut(self, item: Machine, peer: str) -> None:
        """Disconnects a running machine from the API server or from the other nodes. Raises ClusterError."""
        if peer == "nodes":
            network.run([f"link set {item.port} down"])
        else:
            partition.cut_from_api(self._pid(item), self.state.api_listener)

    def restore(self, item: Machine, peer: str) -> None:
        """Undoes `cut`. Raises ClusterError."""
        if peer == "nodes":
            network.run([f"link set {item.port} up"])
        else:
            partition.restore_api(self._pid(item), self.state.api_listener)

    def _pid(self, item: Machine) -> int:
        pid = self.state.pid(item.name)
        if pid is None:
            raise ClusterError(f"node {item.name!r} is not running")
        return pid

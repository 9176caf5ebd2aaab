"""A machine of the cluster, a node or the outside client: PID 1 of its own namespaces, keeping its program alive."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass

from svclab.cluster.addresses import Plan
from svclab.cluster.config import AGENT_SUFFIX
from svclab.cluster.errors import ClusterError
from svclab.cluster.netns import namespaces, network
from svclab.cluster.netns.host import Host
from svclab.cluster.netns.process import Process, fork, keep_running, run_and_exit
from svclab.cluster.state import StateFolder

OUTSIDE, CLOUD = "outside", "cloud"


@dataclass(frozen=True)
class Machine:
    """What a machine is."""

    name: str
    address_number: int  # its host part in the plan
    program: Callable[[], int] | None = None  # what runs in it; None: it only is there
    routes: bool = False  # whether it forwards packets

    @property
    def port(self) -> str:
        """Its port on the switch."""
        return network.port_of(self.name, self.address_number)


@dataclass(frozen=True)
class Starting:
    """A machine that has its namespaces and waits for its cable."""

    machine: Machine
    gate: socket.socket


def begin(machine: Machine, state: StateFolder, plan: Plan, host: Host) -> Starting:
    """Forks the machine. It ends itself if its gate is closed before the cable is plugged in."""
    ours, theirs = socket.socketpair()
    launcher = os.fork()
    if launcher == 0:
        _launch(machine, state, plan, host, theirs)
    theirs.close()
    os.waitpid(launcher, 0)
    return Starting(machine, ours)


def _launch(machine: Machine, state: StateFolder, plan: Plan, host: Host, gate: socket.socket) -> None:
    # A process cannot enter a new PID namespace itself, only its children do.
    process = Process.of(state, machine.name)
    try:
        namespaces.unshare(namespaces.ALL_BUT_USER)
        if os.fork() == 0:
            run_and_exit(process, lambda: _live(machine, state, plan, host, gate), (gate.fileno(), *host.descriptors()))
    finally:
        os._exit(0)


def _live(machine: Machine, state: StateFolder, plan: Plan, host: Host, gate: socket.socket) -> int:
    namespaces.mount("proc", "/proc", "proc")
    namespaces.set_hostname(machine.name)
    gate.send(b"r")
    if not gate.recv(1):
        return 1
    gate.close()
    network.run(network.machine(plan, machine.address_number))
    if machine.routes:
        network.forward_packets()
    host.publish(state.name, machine.name)
    program = machine.program
    agent = Process.of(state, agent_name(machine.name), machine.name)
    return keep_running((lambda: fork(agent, program)) if program else None)


def agent_name(machine: str) -> str:
    """The process name of a machine's program."""
    return f"{machine}{AGENT_SUFFIX}"


def is_agent(process: str) -> bool:
    """Whether a process is a machine's program; no machine has such a name."""
    return process.endswith(AGENT_SUFFIX)


def finish(starting: list[Starting], state: StateFolder) -> None:
    """Plugs the machines into the switch and lets them go on. Raises ClusterError if one did not come up."""
    lines = []
    for item in starting:
        pid = state.pid(item.machine.name) if item.gate.recv(1) else None
        if pid is None:
            raise ClusterError(f"{item.machine.name} did not start: see {state.log(item.machine.name)}")
        network.remove(item.machine.port)  # of a predecessor whose namespaces the kernel has not yet taken apart
        lines += network.plug(item.machine.port, item.machine.address_number, pid)
    network.run(lines)
    for item in starting:
        item.gate.send(b"g")
        item.gate.close()

"""The life of one pod: its namespaces and network, its containers, and the socket through which an agent rules them.

Agent to shim: {"start": ContainerSpec} | {"signal": NUMBER, "name": CONTAINER} | {"stop": true}; on a connection of
its own {"exec": ExecSpec} with three descriptors unless it wants a terminal, then {"signal": NUMBER}; closing the
connection ends the process. {"socket": FAMILY} asks for a TCP socket of the pod's network.
Shim to agent: {"containers": [ContainerState, ...]}: all of them on a new connection, then each that changes;
{"socket": true} with the descriptor; to an exec {"terminal": true} with its master's descriptor, then {"exit": CODE}
or {"error": TEXT}.
"""

import json
import os
import selectors
import signal
import socket
import time

from node_agent import syscalls
from node_agent.shim import messages, namespaces, processes
from node_agent.shim.clients import Clients
from node_agent.shim.containers import Container, Exec
from node_agent.shim.messages import Inbox, Message
from node_agent.shim.records import FAILED, RECORD, SOCKET, ContainerState, ExecSpec, PodRecord, container_spec


class Pod:
    """Serves in the pod's folder, from where relative paths are understood."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._containers: dict[str, Container] = {}
        self._execs: list[Exec] = []
        self._clients = Clients(self._selector, self._states, self._obey, self._hang_up)
        self._stopping = False

    def run(self, first: socket.socket) -> None:
        """Serves until it is told to stop. `first` is the connection of the agent that made the pod."""
        self._hear_of_children()
        self._clients.listen()
        self._clients.accepted(first)
        while not self._stopping or self._execs or any(container.alive for container in self._containers.values()):
            for key, _ in self._selector.select():
                if self._selector.get_map().get(key.fd) is key:  # else closed by an earlier event of this round
                    key.data()
        os.unlink(SOCKET)

    def _hear_of_children(self) -> None:
        reading, self._wake = socket.socketpair()
        for end in (reading, self._wake):
            end.setblocking(False)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector.register(reading, selectors.EVENT_READ, lambda: self._reap(reading))

    def _obey(self, message: Message, inbox: Inbox) -> None:
        if "start" in message:
            self._start(message["start"])
        elif "exec" in message:
            self._exec(ExecSpec(**message["exec"]), inbox)
        elif "socket" in message:
            self._lend_socket(message["socket"], inbox.connection)
        elif "signal" in message:
            self._signal(message, inbox.connection)
        elif "stop" in message:
            self._stopping = True
            for pid in self._alive():
                os.kill(pid, signal.SIGKILL)

    def _states(self) -> list[ContainerState]:
        return [container.state() for container in self._containers.values()]

    def _alive(self) -> list[int]:
        containers = [container.pid for container in self._containers.values() if container.alive]
        return containers + [process.pid for process in self._execs]

    def _start(self, fields: Message) -> None:
        spec = container_spec(fields)
        try:
            container = self._containers[spec.name] = Container(spec, self._selector)
        except OSError as error:  # no process, no space for its log
            now = time.time()
            self._clients.changed(
                ContainerState(spec.name, spec.attempt, FAILED, now, now, processes.CANNOT_START, str(error))
            )
            return
        assert container.start_pipe
        reading = container.start_pipe.reading
        self._selector.register(reading, selectors.EVENT_READ, lambda: self._started(container, reading))

    def _started(self, container: Container, pipe: int) -> None:
        self._selector.unregister(pipe)
        container.started()
        if not container.error:
            self._clients.changed(container.state())

    def _reap(self, wake: socket.socket) -> None:
        wake.recv(512)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            self._ended(pid, processes.exit_code(status))

    def _ended(self, pid: int, code: int) -> None:
        for process in [process for process in self._execs if process.pid == pid]:
            self._execs.remove(process)
            self._clients.answer(process.connection, {"exit": code})
        for container in self._containers.values():
            if container.pid == pid and container.alive:
                if container.start_pipe:
                    self._selector.unregister(container.start_pipe.reading)
                container.ended(code)
                self._clients.changed(container.state())

    def _signal(self, message: Message, connection: socket.socket) -> None:
        if "name" not in message:
            targets = [process.pid for process in self._execs if process.connection is connection]
        else:
            container = self._containers.get(message["name"])
            targets = [container.pid] if container and container.alive else []
        for pid in targets:
            os.kill(pid, message["signal"])

    def _exec(self, wanted: ExecSpec, inbox: Inbox) -> None:
        connection, descriptors = inbox.connection, inbox.take_descriptors()
        self._clients.unwatch(connection)
        container = self._containers.get(wanted.name)
        if not container or not container.alive:
            self._clients.answer(connection, {"error": f"container {wanted.name} is not running"})
            return
        joined = Exec(connection, container, wanted, descriptors)
        self._execs.append(joined)
        reading = joined.start_pipe.reading
        self._selector.register(reading, selectors.EVENT_READ, lambda: self._exec_started(joined))

    def _exec_started(self, joined: Exec) -> None:
        self._selector.unregister(joined.start_pipe.reading)
        if error := joined.start_pipe.result():
            self._clients.answer(joined.connection, {"error": error})

    def _hang_up(self, connection: socket.socket) -> None:
        """The exec of a client that has gone is hung up and killed."""
        for process in self._execs:
            if process.connection is connection:
                os.kill(process.pid, signal.SIGHUP)

    def _lend_socket(self, family: int, connection: socket.socket) -> None:
        """A socket keeps the network namespace that it was made in: with this one the agent reaches the pod's own."""
        with socket.socket(family, socket.SOCK_STREAM) as lent:
            messages.send(connection, {"socket": True}, (lent.fileno(),))


def hold(directory: str, first: socket.socket) -> None:
    """Becomes the shim of the pod in `directory`; a failure to build the pod goes to `first` as {"error": TEXT}."""
    os.setsid()
    os.chdir(directory)
    with open(RECORD, encoding="utf-8") as file:
        record = PodRecord(**json.load(file))
    syscalls.set_process_name("svclab-pod")
    try:
        namespaces.isolate(record)
        os.makedirs("root", exist_ok=True)
    except OSError as error:
        messages.send(first, {"error": str(error)})
        return
    Pod().run(first)

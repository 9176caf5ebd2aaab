"""The shim's side of its children: containers with their logs, and processes that joined them."""

import os
import selectors
import socket
import time

from node_agent.shim import messages, processes
from node_agent.shim.logfile import LineCutter, LogFile
from node_agent.shim.records import EXITED, FAILED, RUNNING, STARTING, ContainerSpec, ContainerState, ExecSpec

CHUNK = 1 << 16


class StartPipe:
    """Told by the new program whether it runs: the end of the pipe says yes, a text says why not."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()

    def close_writing(self) -> None:
        os.close(self.writing)

    def result(self) -> str:
        """Reads and closes."""
        text = os.read(self.reading, 4096).decode(errors="replace")
        os.close(self.reading)
        return text


class Container:
    """One container in its latest run. `changed` is called with it whenever its state() is another."""

    def __init__(self, spec: ContainerSpec, selector: selectors.BaseSelector) -> None:
        self.spec = spec
        self.phase = STARTING
        self.started_at = self.finished_at = 0.0
        self.exit_code, self.error = 0, ""
        self._selector = selector
        self._log = LogFile(spec.log, spec.log_limit)
        self.start_pipe: StartPipe | None = StartPipe()
        self._outputs: dict[int, LineCutter] = {}
        self.pid = self._start()

    @property
    def alive(self) -> bool:
        return self.phase in (STARTING, RUNNING)

    def state(self) -> ContainerState:
        spec, times = self.spec, (self.started_at, self.finished_at)
        return ContainerState(spec.name, spec.attempt, self.phase, *times, self.exit_code, self.error)

    def started(self) -> None:
        """To be called when the start pipe is readable."""
        if self.start_pipe:
            self.error, self.start_pipe = self.start_pipe.result(), None
            self.started_at = time.time()
            self.phase = STARTING if self.error else RUNNING  # a failure is complete when its process has ended

    def ended(self, code: int) -> None:
        """To be called when the init has been reaped: everything else in the container is dead by then."""
        self.started()
        for descriptor in list(self._outputs):
            while self._copy(descriptor):
                continue
            if descriptor in self._outputs:
                self._close(descriptor)
        self._log.close()
        self.exit_code, self.finished_at = code, time.time()
        self.phase = FAILED if self.error else EXITED

    def _start(self) -> int:
        assert self.start_pipe
        pipes = {"stdout": os.pipe(), "stderr": os.pipe()}
        output = (pipes["stdout"][1], pipes["stderr"][1])
        pid = processes.start_container(self.spec, output, self.start_pipe.writing)
        self.start_pipe.close_writing()
        for stream, (reading, writing) in pipes.items():
            os.close(writing)
            os.set_blocking(reading, False)
            self._outputs[reading] = LineCutter(self._log, stream)
            self._selector.register(reading, selectors.EVENT_READ, lambda reading=reading: self._copy(reading))
        return pid

    def _copy(self, descriptor: int) -> bool:
        """Moves one chunk of output into the log, or closes it at its end; False if there was nothing to move."""
        try:
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return False
        if data:
            self._outputs[descriptor].feed(data, time.time_ns())
        else:
            self._close(descriptor)
        return bool(data)

    def _close(self, descriptor: int) -> None:
        self._selector.unregister(descriptor)
        os.close(descriptor)
        self._outputs.pop(descriptor).finish(time.time_ns())


class Exec:
    """One process that joined a container, and the connection that asked for it."""

    def __init__(
        self, connection: socket.socket, container: Container, wanted: ExecSpec, descriptors: tuple[int, ...]
    ) -> None:
        """`descriptors` are its stdin, stdout and stderr; closed here. With a terminal there are none: it is made."""
        self.connection = connection
        spec = container.spec._replace(argv=wanted.argv, says_listening=False)
        if wanted.terminal:
            descriptors = self._open_terminal(container, wanted)
            spec = spec._replace(env={**spec.env, "TERM": "xterm"})
        self.start_pipe = StartPipe()
        streams = (descriptors[0], descriptors[1], descriptors[2])
        self.pid = processes.start_exec(spec, container.pid, streams, self.start_pipe.writing, terminal=wanted.terminal)
        self.start_pipe.close_writing()
        for descriptor in set(descriptors):
            os.close(descriptor)

    def _open_terminal(self, container: Container, wanted: ExecSpec) -> tuple[int, ...]:
        """The client gets the master."""
        master, slave = processes.open_terminal(container.pid, wanted.columns, wanted.rows)
        messages.send(self.connection, {"terminal": True}, (master,))
        os.close(master)
        return (slave, slave, slave)

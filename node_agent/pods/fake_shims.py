"""A spawner whose pods run nothing: for tests, which say themselves how containers end. Speaks the shims' protocol."""

import asyncio
import json
import socket
from pathlib import Path

from node_agent.pods.connection import Connection
from node_agent.shim.messages import Message
from node_agent.shim.records import EXITED, FAILED, RECORD, RUNNING, ContainerSpec, ContainerState, container_spec

KILLED = 137


class FakePod:
    """One pod. `started` holds every container that it was told to start, in order."""

    def __init__(self, folder: Path, sock: socket.socket) -> None:
        self.record = json.loads((folder / RECORD).read_text())
        self.started: list[ContainerSpec] = []
        self.signals: list[tuple[str, int]] = []
        self.obeys_sigterm = True
        self.changed = asyncio.Event()
        self._states: dict[str, ContainerState] = {}
        self._connection = Connection(sock, self._received)
        self._tell()

    def end(self, name: str, code: int) -> None:
        """A running container ends by itself."""
        state = self._states[name]
        assert state.phase == RUNNING, f"container {name} is {state.phase}"
        self._set(state._replace(phase=EXITED, exit_code=code, finished_at=state.started_at + 1))

    def die(self) -> None:
        """As after kill -9 of the shim."""
        self._connection.close()

    def _received(self, message: Message | None) -> None:
        if message is None:
            return
        if "start" in message:
            spec = container_spec(message["start"])
            self.started.append(spec)
            missing = spec.argv[0] == "nonesuch"
            error = 'exec: "nonesuch": executable file not found in $PATH' if missing else ""
            phase = FAILED if missing else RUNNING
            self._set(ContainerState(spec.name, spec.attempt, phase, 1000.0, 0.0, 0, error))
        elif "signal" in message:
            self._signal(message["name"], message["signal"])
        elif "stop" in message:
            self.die()
        self.changed.set()

    def _signal(self, name: str, number: int) -> None:
        self.signals.append((name, number))
        if self._states[name].phase == RUNNING and (number == 9 or self.obeys_sigterm):
            self.end(name, 128 + number)

    def _set(self, state: ContainerState) -> None:
        self._states[state.name] = state
        self._tell(state)

    def _tell(self, *states: ContainerState) -> None:
        self._connection.send({"containers": [state._asdict() for state in states]})


class FakeSpawner:
    """Stands for Spawner: makes FakePods, by name."""

    def __init__(self) -> None:
        self.pods: dict[str, FakePod] = {}

    def spawn(self, folder: Path) -> socket.socket:
        ours, theirs = socket.socketpair()
        pod = FakePod(folder, theirs)
        self.pods[pod.record["name"]] = pod
        return ours

    def close(self) -> None:
        for pod in self.pods.values():
            pod.die()

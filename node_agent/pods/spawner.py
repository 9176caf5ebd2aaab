"""Starts the pods' shims, by the process beside the agent that forks them."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from node_agent.pods.connection import ShimError
from node_agent.shim import messages
from node_agent.shim.messages import Inbox, Message

ROOT = Path(__file__).parents[2]
_SPAWNER = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from node_agent.shim.spawner import main; main()"


class Spawner:
    """The process that forks shims: this one, with its gRPC threads, must not. One that dies is replaced."""

    def __init__(self) -> None:
        self._start()

    def write_sysctls(self, values: dict[str, str]) -> dict[str, str]:
        """Sets kernel parameters of the node's namespace; the errors by name."""
        self._send({"sysctls": values})
        errors: dict[str, str] = self._answer()["errors"]
        return errors

    def spawn(self, folder: Path) -> socket.socket:
        """Starts the shim of a pod whose record is written; its first connection."""
        ours, theirs = socket.socketpair()
        with theirs:
            self._send({"directory": str(folder)}, (theirs.fileno(),))
        return ours

    def close(self) -> None:
        self._channel.close()
        self._process.wait()

    def _start(self) -> None:
        self._channel, theirs = socket.socketpair()
        with theirs:
            command = [os.path.realpath(sys.executable), "-I", "-S", "-c", _SPAWNER]
            self._process = subprocess.Popen(command, stdin=theirs.fileno(), start_new_session=True)

    def _send(self, message: Message, descriptors: tuple[int, ...] = ()) -> None:
        try:
            messages.send(self._channel, message, descriptors)
        except OSError:
            self.close()
            self._start()
            messages.send(self._channel, message, descriptors)

    def _answer(self) -> Message:
        inbox = Inbox(self._channel)
        while True:
            received = inbox.receive()
            if received is None:
                raise ShimError("the pod spawner has ended")
            if received:
                return received[0]

"""The agent's end of the pods' shims: starts and adopts them, hears of their containers, runs processes in these."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from node_agent.pods.removal import connect
from node_agent.shim import messages
from node_agent.shim.messages import Inbox, Message
from node_agent.shim.records import STARTING, ContainerSpec, ContainerState, ExecSpec

ROOT = Path(__file__).parents[2]
_SPAWNER = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from node_agent.shim.spawner import main; main()"


class ShimError(Exception):
    """The shim could not do it, or has gone; the text is for people."""


class Spawner:
    """The process that forks shims: this one, with its gRPC threads, must not fork."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            command = [os.path.realpath(sys.executable), "-I", "-S", "-c", _SPAWNER]
            self._process = subprocess.Popen(command, stdin=theirs.fileno(), start_new_session=True)
        self._channel = ours

    def write_sysctls(self, values: dict[str, str]) -> dict[str, str]:
        """Sets kernel parameters of the node's namespace; the errors by name."""
        messages.send(self._channel, {"sysctls": values})
        errors: dict[str, str] = self._answer()["errors"]
        return errors

    def spawn(self, folder: Path) -> socket.socket:
        """Starts the shim of a pod whose record is written; its first connection."""
        ours, theirs = socket.socketpair()
        with theirs:
            messages.send(self._channel, {"directory": str(folder)}, (theirs.fileno(),))
        return ours

    def close(self) -> None:
        self._channel.close()
        self._process.wait()

    def _answer(self) -> Message:
        inbox = Inbox(self._channel)
        while True:
            received = inbox.receive()
            if received is None:
                raise ShimError("the pod spawner has ended")
            if received:
                return received[0]


class Connection:
    """A connection to a shim on the event loop. `received` gets each message, and None when the shim has gone."""

    def __init__(self, sock: socket.socket, received: Callable[[Message | None], None]) -> None:
        sock.setblocking(False)
        self.inbox = Inbox(sock)
        self._socket = sock
        self._received = received
        asyncio.get_running_loop().add_reader(sock, self._read)

    def send(self, message: Message, descriptors: tuple[int, ...] = ()) -> None:
        """Raises ShimError if the shim has gone."""
        self._socket.setblocking(True)
        try:
            messages.send(self._socket, message, descriptors)
        except OSError as error:
            raise ShimError(f"the pod's shim has gone: {error}") from None
        finally:
            self._socket.setblocking(False)

    def close(self) -> None:
        if self._socket.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()

    def _read(self) -> None:
        received = self.inbox.receive()
        if received is None:
            self.close()
            self._received(None)
            return
        for message in received:
            self._received(message)


class Shim:
    """One pod's shim. `states` holds the latest state of each container; `changed` is called when one changes."""

    def __init__(self, folder: Path, sock: socket.socket, changed: Callable[[], None]) -> None:
        self.states: dict[str, ContainerState] = {}
        self.gone = False
        self.error = ""
        self._folder = folder
        self._changed = changed
        self._known = asyncio.Event()
        self._change = asyncio.Event()
        self._connection = Connection(sock, self._received)

    @classmethod
    def adopt(cls, folder: Path, changed: Callable[[], None]) -> "Shim":
        """The shim that an earlier agent started. Raises OSError if there is none."""
        return cls(folder, connect(folder), changed)

    async def known(self) -> None:
        """Returns when the states have been told. Raises ShimError if the shim could not build the pod."""
        await self._known.wait()
        if self.gone:
            raise ShimError(self.error or "the pod's shim has ended")

    async def next_change(self) -> None:
        """Returns when the state of a container has changed."""
        await self._change.wait()

    def start(self, spec: ContainerSpec) -> None:
        self._connection.send({"start": spec._asdict()})
        self.states[spec.name] = ContainerState(spec.name, spec.attempt, STARTING, 0.0, 0.0, 0, "")

    def signal(self, container: str, number: int) -> None:
        self._connection.send({"signal": number, "name": container})

    def stop(self) -> None:
        """Kills all that runs in the pod and ends the shim."""
        if not self.gone:
            self._connection.send({"stop": True})

    def close(self) -> None:
        """Leaves the pod as it is."""
        self._connection.close()

    def exec(self, spec: ExecSpec, streams: tuple[int, ...] = ()) -> "Exec":
        """Runs a process in a running container, with these descriptors. Raises ShimError."""
        try:
            return Exec(connect(self._folder), spec, streams)
        except OSError as error:
            raise ShimError(f"the pod's shim does not answer: {error}") from None

    async def socket(self, family: int) -> socket.socket:
        """An unconnected TCP socket in the pod's network namespace. Raises ShimError."""
        lent: asyncio.Future[socket.socket] = asyncio.get_running_loop().create_future()

        def received(message: Message | None) -> None:
            if message is None and not lent.done():
                lent.set_exception(ShimError("the pod has ended"))
            elif message is not None and "socket" in message:
                (descriptor,) = connection.inbox.take_descriptors()
                lent.set_result(socket.socket(fileno=descriptor))

        try:
            connection = Connection(connect(self._folder), received)
        except OSError as error:
            raise ShimError(f"the pod's shim does not answer: {error}") from None
        try:
            connection.send({"socket": int(family)})
            return await lent
        finally:
            connection.close()

    def _received(self, message: Message | None) -> None:
        if message is None:
            self.gone = True
        elif "error" in message:
            self.error = message["error"]
            return
        else:
            for fields in message["containers"]:
                state = ContainerState(**fields)
                self.states[state.name] = state
        self._known.set()
        self._change.set()
        self._change = asyncio.Event()
        self._changed()


class Exec:
    """A process in a container. Closing hangs it up if it still runs."""

    def __init__(self, sock: socket.socket, spec: ExecSpec, streams: tuple[int, ...]) -> None:
        loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[int] = loop.create_future()
        self._terminal: asyncio.Future[int] = loop.create_future()
        self._connection = Connection(sock, self._received)
        self._connection.send({"exec": spec._asdict()}, streams)

    async def terminal(self) -> int:
        """The master of its terminal, for the caller to close. Raises ShimError if it could not be started."""
        done, _ = await asyncio.wait((self._terminal, self._ended), return_when=asyncio.FIRST_COMPLETED)
        if self._terminal not in done:
            await self._ended
            raise ShimError("the process ended before it had a terminal")
        return self._terminal.result()

    async def wait(self) -> int:
        """Its exit code. Raises ShimError if it could not be started."""
        return await asyncio.shield(self._ended)

    def signal(self, number: int) -> None:
        if not self._ended.done():
            self._connection.send({"signal": number})

    def close(self) -> None:
        if not self._ended.done():
            self.signal(signal.SIGHUP)
            self._ended.cancel()
        self._connection.close()

    def _received(self, message: Message | None) -> None:
        if message is not None and message.get("terminal"):
            (descriptor,) = self._connection.inbox.take_descriptors()
            self._terminal.set_result(descriptor)
        elif self._ended.done():
            return
        elif message is None:
            self._ended.set_exception(ShimError("the pod has ended"))
        elif "exit" in message:
            self._ended.set_result(message["exit"])
        elif "error" in message:
            self._ended.set_exception(ShimError(message["error"]))

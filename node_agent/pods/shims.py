"""The agent's end of a pod's shim: adopts it, hears of its containers, starts and signals them."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

from node_agent.pods.connection import Connection, ShimError
from node_agent.pods.execs import Exec
from node_agent.pods.removal import connect
from node_agent.shim.messages import Message
from node_agent.shim.records import STARTING, ContainerSpec, ContainerState, ExecSpec


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

"""Processes that join a running container, as the agent sees them."""

import asyncio
import signal
import socket

from node_agent.pods.connection import Connection, ShimError
from node_agent.shim.messages import Message
from node_agent.shim.records import ExecSpec


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

"""A connection to a pod's shim, on the event loop."""

import asyncio
import socket
from collections.abc import Callable

from node_agent.shim import messages
from node_agent.shim.messages import Inbox, Message


class ShimError(Exception):
    """The shim could not do it, or has gone; the text is for people."""


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

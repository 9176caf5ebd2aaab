"""JSON objects, one a line, over a Unix stream socket; file descriptors may travel with the first byte of a line."""

import json
import socket
from typing import Any

Message = dict[str, Any]
LINE_LIMIT = 16 << 20
DESCRIPTORS = 3


def encode(message: Message) -> bytes:
    return json.dumps(message).encode() + b"\n"


def send(connection: socket.socket, message: Message, descriptors: tuple[int, ...] = ()) -> None:
    """Sends the whole line, blocking. Raises OSError if the peer has gone."""
    line = encode(message)
    sent = socket.send_fds(connection, [line], descriptors) if descriptors else 0
    connection.sendall(line[sent:])


class Inbox:
    """Cuts what arrives on a connection into messages, and keeps the descriptors that came with them."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._descriptors: list[int] = []
        self._buffer = bytearray()

    def receive(self) -> list[Message] | None:
        """Reads once: the messages completed by that, or None at the end of the stream."""
        try:
            data, descriptors, _, _ = socket.recv_fds(self.connection, 1 << 18, DESCRIPTORS)
        except (BlockingIOError, InterruptedError):
            return []
        except OSError:
            return None
        self._descriptors += descriptors
        self._buffer += data
        if not data or len(self._buffer) > LINE_LIMIT:
            return None
        *lines, rest = self._buffer.split(b"\n")
        self._buffer = bytearray(rest)
        return [json.loads(line) for line in lines]

    def take_descriptors(self) -> tuple[int, ...]:
        """The descriptors received so far; the caller closes them."""
        taken, self._descriptors = tuple(self._descriptors), []
        return taken

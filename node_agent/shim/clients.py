"""The agents that are connected to a pod's socket: what they ask for, and what they are told."""

import os
import selectors
import socket
from collections.abc import Callable, Iterable

from node_agent.shim import messages
from node_agent.shim.messages import Inbox, Message
from node_agent.shim.records import SOCKET, ContainerState


class Clients:
    """`states` is what a new client is told first; `obey` is called with each message, `gone` after a hang-up."""

    def __init__(
        self,
        selector: selectors.BaseSelector,
        states: Callable[[], Iterable[ContainerState]],
        obey: Callable[[Message, Inbox], None],
        gone: Callable[[socket.socket], None],
    ) -> None:
        self._selector = selector
        self._states, self._obey, self._gone = states, obey, gone
        self._watchers: list[socket.socket] = []

    def listen(self) -> None:
        if os.path.exists(SOCKET):
            os.unlink(SOCKET)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(SOCKET)
        listener.listen(64)
        self._selector.register(listener, selectors.EVENT_READ, lambda: self.accepted(listener.accept()[0]))

    def accepted(self, connection: socket.socket) -> None:
        inbox = Inbox(connection)
        self._watchers.append(connection)
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._readable(inbox))
        self._tell(connection, self._states())

    def changed(self, state: ContainerState) -> None:
        """Tells all who watch."""
        for connection in list(self._watchers):
            self._tell(connection, [state])

    def unwatch(self, connection: socket.socket) -> None:
        """It is told of no more changes."""
        if connection in self._watchers:
            self._watchers.remove(connection)

    def answer(self, connection: socket.socket, message: Message) -> None:
        """Sends to a client that may have gone."""
        if connection.fileno() < 0:
            return
        try:
            messages.send(connection, message)
        except OSError:
            self._close(connection)

    def _tell(self, connection: socket.socket, states: Iterable[ContainerState]) -> None:
        self.answer(connection, {"containers": [state._asdict() for state in states]})

    def _readable(self, inbox: Inbox) -> None:
        received = inbox.receive()
        if received is None:
            self._close(inbox.connection)
            return
        for message in received:
            try:
                self._obey(message, inbox)
            except (OSError, LookupError, TypeError) as error:  # the pod must outlive whatever it is asked for
                self.answer(inbox.connection, {"error": f"{type(error).__name__}: {error}"})

    def _close(self, connection: socket.socket) -> None:
        self.unwatch(connection)
        self._gone(connection)
        if connection.fileno() >= 0:
            self._selector.unregister(connection)
            connection.close()

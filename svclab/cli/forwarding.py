"""Connections that are carried to a pod's port: a thread for each."""

import selectors
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import click

from protos.api_pb2 import Frame, PortForwardOpen
from svclab.cli.errors import CliError, api_error_text, api_error_type
from svclab.cli.messages import complain
from svclab.cli.settings import client

_CHUNK = 64 * 1024


@dataclass(frozen=True)
class Forwarder:
    """A listening socket, and how to find the pod and port that its connections go to."""

    listener: socket.socket
    remote: str
    choose: Callable[[str], tuple[Any, int]]

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    @property
    def address(self) -> str:
        host, port = self.listener.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def serve(forwarders: Sequence[Forwarder]) -> None:
    """Takes connections until the program is interrupted."""
    context = click.get_current_context()
    with selectors.DefaultSelector() as selector:
        for forwarder in forwarders:
            selector.register(forwarder.listener, selectors.EVENT_READ, forwarder)
        while True:
            for key, _ in selector.select():
                connection, _ = key.data.listener.accept()
                click.echo(f"Handling connection for {key.data.port}")
                threading.Thread(target=_handle, args=(context, key.data, connection), daemon=True).start()


def _handle(context: click.Context, forwarder: Forwarder, connection: socket.socket) -> None:
    """Carries one connection; what goes wrong with it is said, and the others go on."""
    with context.scope(cleanup=False), connection:
        try:
            pod, port = forwarder.choose(forwarder.remote)
            opening = PortForwardOpen(namespace=pod.metadata.namespace, pod=pod.metadata.name, port=port)
            carry(connection, lambda frames: client().port_forward(opening, frames))
        except (CliError, OSError) as error:
            complain(f"error: forwarding a connection of port {forwarder.port}: {error}")
        except Exception as error:
            if not isinstance(error, api_error_type()):
                raise
            complain(api_error_text(error, f"error forwarding a connection of port {forwarder.port}"))


def carry(connection: socket.socket, stream: Callable[[Iterator[Any]], Iterator[Any]]) -> None:
    """Passes frames both ways until both sides have ended. Raises OSError, or what the stream raises."""
    try:
        for frame in stream(_read(connection)):
            if frame.stdout:
                connection.sendall(frame.stdout)
    finally:
        with suppress(OSError):  # the other side may have gone already
            connection.shutdown(socket.SHUT_RDWR)  # also wakes the thread that reads from it


def _read(connection: socket.socket) -> Iterator[Any]:
    """What the local side sends, as frames."""
    try:
        while data := connection.recv(_CHUNK):
            yield Frame(stdin=data)
    except OSError:
        return  # reset, or closed because the pod's side has ended
    yield Frame(endOfInput=True)

"""A small server for many connections in one thread: HTTP or lines of text over TCP and SCTP, datagrams over UDP."""

import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable

from node_agent.images.programs import http
from node_agent.images.programs.http import Request, Response

IPPROTO_SCTP = 132
LISTENING = "SVCLAB_LISTENING_FD"
CHUNK = 1 << 16
LINE_LIMIT = 1 << 20

Respond = Callable[[Request, str], Response]  # (request, client address and port)
Answer = Callable[[str, str], str]  # (line or datagram, client address and port)


def announce_listening() -> None:
    """Lets the pod's shim report the container as started."""
    if LISTENING in os.environ:
        os.close(int(os.environ.pop(LISTENING)))


def client_text(address: tuple[str, int]) -> str:
    """`10.244.1.2:40000` or `[fd00::2]:40000`."""
    host = address[0].removeprefix("::ffff:")
    return f"[{host}]:{address[1]}" if ":" in host else f"{host}:{address[1]}"


def any_address_socket(kind: int, protocol: int = 0) -> socket.socket:
    """A socket for both families, or IPv4 alone where the machine has no IPv6."""
    try:
        sock = socket.socket(socket.AF_INET6, kind, protocol)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    except OSError:
        sock = socket.socket(socket.AF_INET, kind, protocol)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setblocking(False)
    return sock


class Server:
    """Serves until SIGTERM and `linger` seconds more; what has been asked by then is answered."""

    def __init__(self, respond: Respond, answer: Answer, linger: float = 0.0) -> None:
        self.respond, self.answer = respond, answer
        self._linger = linger
        self._selector = selectors.DefaultSelector()
        self._connections: set[Connection] = set()
        self._ends_at: float | None = None
        self.exit_code: int | None = None

    def listen(self, port: int, *, protocol: int = 0) -> None:
        """Connections, over TCP unless the protocol is SCTP. Raises OSError."""
        sock = any_address_socket(socket.SOCK_STREAM, protocol)
        sock.bind(("", port))
        sock.listen(1024)
        self._selector.register(sock, selectors.EVENT_READ, lambda _: self._accept(sock))

    def listen_udp(self, port: int) -> None:
        sock = any_address_socket(socket.SOCK_DGRAM)
        sock.bind(("", port))
        self._selector.register(sock, selectors.EVENT_READ, lambda _: self._datagrams(sock))

    def run(self) -> int:
        """Says that it listens, and serves; the exit code."""
        wake, self._wake = socket.socketpair()
        self._wake.setblocking(False)
        signal.set_wakeup_fd(self._wake.fileno())
        signal.signal(signal.SIGTERM, lambda *_: self._end())
        self._selector.register(wake, selectors.EVENT_READ, lambda _: wake.recv(64))
        announce_listening()
        while self.exit_code is None:
            left = None if self._ends_at is None else max(self._ends_at - time.monotonic(), 0.0)
            if left == 0.0 and not any(connection.output for connection in self._connections):
                return 0
            for key, events in self._selector.select(left or (None if left is None else 0.05)):
                key.data(events)
        return self.exit_code

    def _end(self) -> None:
        self._ends_at = time.monotonic() + self._linger

    def _accept(self, listener: socket.socket) -> None:
        try:
            sock, address = listener.accept()
        except OSError:
            return
        sock.setblocking(False)
        self._connections.add(Connection(self, sock, client_text(address)))

    def _datagrams(self, sock: socket.socket) -> None:
        try:
            data, address = sock.recvfrom(CHUNK)
            sock.sendto(
                self.answer(data.decode(errors="replace").rstrip("\r\n"), client_text(address)).encode(), address
            )
        except OSError:
            return

    def watch(self, connection: "Connection") -> None:
        """Listens for what the connection waits for now."""
        events = selectors.EVENT_WRITE if connection.output else selectors.EVENT_READ
        if connection.sock in self._selector.get_map():
            self._selector.modify(connection.sock, events, connection.ready)
        else:
            self._selector.register(connection.sock, events, connection.ready)

    def forget(self, connection: "Connection") -> None:
        self._connections.discard(connection)
        if connection.sock in self._selector.get_map():
            self._selector.unregister(connection.sock)


class Connection:
    """One client: HTTP if it begins like HTTP, else lines, each of which is answered by one line."""

    def __init__(self, server: Server, sock: socket.socket, client: str) -> None:
        self.sock, self.client = sock, client
        self.output = b""
        self._server = server
        self._input = b""
        self._is_http: bool | None = None
        self._last = False
        server.watch(self)

    def ready(self, events: int) -> None:
        try:
            if events & selectors.EVENT_READ:
                data = self.sock.recv(CHUNK)
                if not data:
                    self._close()
                    return
                self._input += data
                self._take()
            if self.output:
                self.output = self.output[self.sock.send(self.output) :]
        except BlockingIOError:
            self._server.watch(self)
            return
        except (OSError, ValueError):
            self._close()
            return
        if self._last and not self.output:
            self._close()
        else:
            self._server.watch(self)

    def _take(self) -> None:
        if self._is_http is None:
            self._is_http = http.looks_like_http(self._input) if self._input[:1].isupper() else False
        if self._is_http:
            self._take_requests()
        else:
            self._take_lines()

    def _take_requests(self) -> None:
        while not self._last:
            request, self._input = http.cut_request(self._input)
            if request is None:
                return
            response = self._server.respond(request, self.client)
            self.output += http.encode(response, request)
            self._last = not request.keep_alive
            if response.exit_code is not None:
                self.sock.send(self.output)
                self._server.exit_code = response.exit_code

    def _take_lines(self) -> None:
        *lines, self._input = self._input.split(b"\n")
        if len(self._input) > LINE_LIMIT:
            raise ValueError("the line is too long")
        for line in lines:
            answer = self._server.answer(line.decode(errors="replace").rstrip("\r"), self.client)
            self.output += answer.encode() + b"\n"

    def _close(self) -> None:
        self._server.forget(self)
        self.sock.close()


def fail(error: Exception) -> int:
    """Prints one line for the container's log; the exit code."""
    print(error, file=sys.stderr, flush=True)
    return 1

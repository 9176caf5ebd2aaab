"""How the server is: /health, /ready and /metrics over HTTP, for kubelets and Prometheus."""

import asyncio
import socket
from collections.abc import Callable
from http import HTTPStatus

REQUEST_TIMEOUT = 5.0  # seconds
LARGEST_REQUEST = 16 << 10  # bytes
MAX_CONNECTIONS = 64  # at once, on a port; more are closed unanswered

Page = Callable[[], tuple[int, str]]  # status code and text


class StatusServer:
    """Answers GET and HEAD requests for the pages by their paths; one request a connection."""

    def __init__(self, pages: dict[str, Page]) -> None:
        self._pages = pages
        self._server: asyncio.Server | None = None
        self._room = asyncio.Semaphore(MAX_CONNECTIONS)

    async def start(self, port: int) -> None:
        """Listens on all addresses. Raises OSError."""
        try:
            sock = self._bound(port)
        except OSError as error:
            raise OSError(error.errno, f"cannot listen on port {port} for status pages: {error.strerror}") from error
        self._server = await asyncio.start_server(self._serve, sock=sock, limit=LARGEST_REQUEST)

    async def close(self) -> None:
        if self._server:
            self._server.close()

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @staticmethod
    def _bound(port: int) -> socket.socket:
        if socket.has_dualstack_ipv6():
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
        return socket.create_server(("", port))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._room.locked():
            writer.close()
            return
        async with self._room:
            await self._answer_one(reader, writer)

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answer(head))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):  # no request, or nobody who waits
            return
        finally:
            writer.close()

    def _answer(self, head: bytes) -> bytes:
        method, _, rest = head.decode("latin-1").partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        code, text = self._page(method, path)
        first = f"HTTP/1.1 {code} {HTTPStatus(code).phrase}"
        lines = (first, "Content-Type: text/plain; charset=utf-8", "Connection: close")
        body = text.encode()
        start = "\r\n".join((*lines, f"Content-Length: {len(body)}", "", "")).encode()
        return start if method == "HEAD" else start + body

    def _page(self, method: str, path: str) -> tuple[int, str]:
        if method not in ("GET", "HEAD"):
            return 405, "only GET and HEAD\n"
        page = self._pages.get(path)
        return page() if page else (404, f"no page {path}\n")

"""DNS over TCP (RFC 7766): many queries on a connection, one after the other; silent connections make room."""

import asyncio
import socket
from time import perf_counter

from cluster_dns.responder import Responder
from cluster_dns.traffic import Traffic

IDLE_TIMEOUT = 10.0  # seconds for a query to come in whole, and for an answer to be taken
MAX_CONNECTIONS = 1000
_LENGTH = 2  # bytes before each message


class TcpListener:
    """Serves one bound socket, which it then owns."""

    def __init__(self, sock: socket.socket, responder: Responder, idle_timeout: float = IDLE_TIMEOUT) -> None:
        self.traffic = Traffic("tcp", "1" if sock.family == socket.AF_INET else "2")
        self._socket = sock
        self._responder = responder
        self._idle_timeout = idle_timeout
        self._connections: dict[asyncio.Task[None], None] = {}  # the one that has been silent for longest first
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, sock=self._socket)

    async def close(self) -> None:
        if self._server:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if len(self._connections) >= MAX_CONNECTIONS:
                silent = next(iter(self._connections))
                del self._connections[silent]
                silent.cancel()
            await self._answer_all(reader, writer)
        except (OSError, asyncio.IncompleteReadError):  # the client went away or was too slow
            return
        finally:
            self._connections.pop(_own_task(), None)
            writer.close()

    def _mark_active(self) -> None:
        self._connections.pop(_own_task(), None)
        self._connections[_own_task()] = None

    async def _answer_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            self._mark_active()
            async with asyncio.timeout(self._idle_timeout):
                size = int.from_bytes(await reader.readexactly(_LENGTH), "big")
                packet = await reader.readexactly(size)
            began = perf_counter()
            answer = self._responder.respond(packet, self.traffic)
            if answer is None:
                return
            if not isinstance(answer, bytes):
                answer = await answer
            self.traffic.took(perf_counter() - began)
            writer.write(len(answer).to_bytes(_LENGTH, "big") + answer)
            async with asyncio.timeout(self._idle_timeout):
                await writer.drain()


def _own_task() -> asyncio.Task[None]:
    task = asyncio.current_task()
    assert task is not None
    return task

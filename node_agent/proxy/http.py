"""The smallest HTTP server that health checks and Prometheus need: GET, one answer a connection, and limits."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import NamedTuple

REQUEST_LIMIT = 8192  # bytes of a request's head
PATIENCE = 5.0  # seconds for a request's head to arrive, and for its answer to be taken
CONNECTIONS_LIMIT = 64  # at once; more are closed unanswered


class Answer(NamedTuple):
    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


Handler = Callable[[str], Answer]  # of the path


async def serve(handler: Handler, addresses: Sequence[str] | None, port: int) -> asyncio.Server:
    """Listens on these addresses (None: all of both families). Raises OSError where one is taken."""
    room = asyncio.Semaphore(CONNECTIONS_LIMIT)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if room.locked():
            writer.close()
            return
        async with room:
            await _answer(handler, reader, writer)

    return await asyncio.start_server(connected, addresses, port, limit=REQUEST_LIMIT)


async def _answer(handler: Handler, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
        try:
            async with asyncio.timeout(PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(_bytes(_respond(handler, head.split(b" ", 2))))
                await writer.drain()
        finally:
            writer.close()


def _respond(handler: Handler, words: list[bytes]) -> Answer:
    if len(words) < 3:
        return Answer(400, "text/plain", b"not an HTTP request\n")
    return handler(words[1].decode("latin-1").partition("?")[0])


def _bytes(answer: Answer) -> bytes:
    lines = [
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
        f"Content-Type: {answer.content_type}",
        f"Content-Length: {len(answer.body)}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in answer.headers),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + answer.body

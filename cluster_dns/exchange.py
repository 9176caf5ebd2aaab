"""One question to one upstream: over UDP from a port of its own, and again over TCP where the reply was truncated."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

from cluster_dns.encoder import write_query
from cluster_dns.message import FormatError, Query, Reply
from cluster_dns.wire import read_reply

Server = tuple[str, int]  # address, port
Exchange = Callable[[Server, Query], Awaitable[Reply]]  # one question to one server; raises OSError or FormatError

_LENGTH = 2  # bytes before each message over TCP


async def exchange(server: Server, query: Query) -> Reply:
    """Waits as long as it takes.

    Raises OSError if the server cannot be reached, FormatError for a broken reply over TCP.
    """
    reply = await _over_udp(server, query)
    return await _over_tcp(server, query) if reply.truncated else reply


class _Waiter(asyncio.DatagramProtocol):
    """Waits for the reply to one query; what is no reply to it may be forged and is passed over."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self.reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.DatagramTransport, transport).sendto(write_query(self._query))

    def datagram_received(self, data: bytes, addr: object) -> None:
        if self.reply.done():
            return
        try:
            self.reply.set_result(read_reply(data, self._query))
        except FormatError:
            return

    def error_received(self, exc: Exception) -> None:
        if not self.reply.done():
            self.reply.set_exception(exc)


async def _over_udp(server: Server, query: Query) -> Reply:
    loop = asyncio.get_running_loop()
    transport, waiter = await loop.create_datagram_endpoint(lambda: _Waiter(query), remote_addr=server)
    try:
        return await waiter.reply
    finally:
        transport.close()


async def _over_tcp(server: Server, query: Query) -> Reply:
    reader, writer = await asyncio.open_connection(*server)
    try:
        message = write_query(query)
        writer.write(len(message).to_bytes(_LENGTH, "big") + message)
        size = int.from_bytes(await reader.readexactly(_LENGTH), "big")
        return read_reply(await reader.readexactly(size), query)
    except asyncio.IncompleteReadError as error:
        raise ConnectionResetError(f"{server[0]}: the reply was cut off") from error
    finally:
        writer.close()

"""Passes the pods' DNS queries on to a resolver that listens on the node's loopback, where no pod can reach it.

In a container that is docker's own resolver (127.0.0.11), on a machine it may be systemd-resolved's (127.0.0.53). The
relay answers on a link-local address of the node, as Kubernetes' NodeLocal DNSCache does.
"""

import asyncio
import logging
from contextlib import closing
from typing import cast

from node_agent.network.links import LOOPBACK_INDEX
from node_agent.network.netlink import Netlink
from node_agent.network.requests import address

ADDRESS = "169.254.20.10"
PORT = 53
ANSWER_SECONDS = 5.0  # as long as resolvers wait (resolv.conf(5), timeout)
MESSAGE_BYTES = 65535
# At once, so that no pod can take all of the agent's descriptors; more queries are dropped, more connections closed.
QUERIES_LIMIT = 500
CONNECTIONS_LIMIT = 100

log = logging.getLogger(__name__)


async def run(netlink: Netlink, upstream: str) -> None:
    """Relays until cancelled; an address or port that cannot be had is one line in the log."""
    try:
        netlink.run([address(LOOPBACK_INDEX, ADDRESS, 32)])
        await relay((ADDRESS, PORT), (upstream, PORT))
    except OSError as error:
        log.warning("pods cannot ask the node's resolver", extra={"resolver": upstream, "error": str(error)})


async def relay(own: tuple[str, int], upstream: tuple[str, int]) -> None:
    """Relays over UDP and TCP until cancelled. Raises OSError."""

    room = asyncio.Semaphore(CONNECTIONS_LIMIT)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if room.locked():
            writer.close()
            return
        async with room:
            await _pass_connection(reader, writer, upstream)

    loop = asyncio.get_running_loop()
    datagrams, _ = await loop.create_datagram_endpoint(lambda: _Queries(upstream), local_addr=own)
    try:
        async with await asyncio.start_server(serve, *own) as server:
            await server.serve_forever()
    finally:
        datagrams.close()


class _Queries(asyncio.DatagramProtocol):
    """Each query gets a socket of its own to the resolver, so that answers find their way back."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self._upstream = upstream
        self._transport: asyncio.DatagramTransport | None = None
        self._asking: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(self._asking) >= QUERIES_LIMIT:
            return
        task = asyncio.create_task(self._ask(data, addr))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask(self, query: bytes, client: tuple[str, int]) -> None:
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        try:
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Answer(answer), remote_addr=self._upstream
            )
            with closing(transport):
                transport.sendto(query)
                async with asyncio.timeout(ANSWER_SECONDS):
                    data = await answer
        except (OSError, TimeoutError):
            return  # who asked will ask again
        if self._transport is not None:
            self._transport.sendto(data, client)


class _Answer(asyncio.DatagramProtocol):
    def __init__(self, answer: asyncio.Future[bytes]) -> None:
        self._answer = answer

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if not self._answer.done():
            self._answer.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self._answer.done():
            self._answer.set_exception(exc)


async def _pass_connection(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upstream: tuple[str, int]
) -> None:
    """Both ways until one end closes."""
    try:
        far_reader, far_writer = await asyncio.open_connection(*upstream)
    except OSError:
        writer.close()
        return
    ways = [
        asyncio.create_task(_copy(reader, far_writer)),
        asyncio.create_task(_copy(far_reader, writer)),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in ways:
            task.cancel()
        for end in (writer, far_writer):
            end.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(MESSAGE_BYTES):
            target.write(data)
            await target.drain()
    except OSError:
        return

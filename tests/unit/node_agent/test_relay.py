"""The relay on loopback: queries and answers over UDP and TCP, and a resolver that is away."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import islice
from typing import cast

import pytest

from node_agent.network.relay import relay

Address = tuple[str, int]


def free_address() -> Address:
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        udp.bind(tcp.getsockname())
        host, port = tcp.getsockname()
        return host, port


class Resolver(asyncio.DatagramProtocol):
    """Answers each query by its reverse."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.transport.sendto(data[::-1], addr)


async def reverse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write((await reader.readline())[::-1])
    writer.close()


@asynccontextmanager
async def relaying(upstream: Address) -> AsyncIterator[Address]:
    own = free_address()
    task = asyncio.create_task(relay(own, upstream))
    while True:
        try:
            _, writer = await asyncio.open_connection(*own)
        except ConnectionRefusedError:
            await asyncio.sleep(0)
        else:
            writer.close()
            break
    yield own
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def ask(address: Address, query: bytes) -> bytes:
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, address)
        await loop.sock_sendall(client, query)
        return await loop.sock_recv(client, 512)


async def test_udp_and_tcp() -> None:
    upstream = free_address()
    resolver, _ = await asyncio.get_running_loop().create_datagram_endpoint(Resolver, local_addr=upstream)
    server = await asyncio.start_server(reverse, *upstream)
    async with server, relaying(upstream) as own:
        assert await asyncio.gather(*(ask(own, query) for query in (b"one", b"two"))) == [b"eno", b"owt"]
        reader, writer = await asyncio.open_connection(*own)
        writer.write(b"three\n")
        assert await reader.read() == b"\neerht"
        writer.close()
    resolver.close()


async def test_a_resolver_that_is_away_ends_the_connection() -> None:
    async with relaying(free_address()) as own:
        reader, writer = await asyncio.open_connection(*own)
        assert await reader.read() == b""
        writer.close()


class Silent(asyncio.DatagramProtocol):
    """Takes queries and answers none."""

    def __init__(self) -> None:
        self.queries: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.queries.put_nowait(data)


async def test_more_queries_than_the_limit_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node_agent.network.relay.QUERIES_LIMIT", 2)
    monkeypatch.setattr("node_agent.network.relay.ANSWER_SECONDS", 0.2)
    upstream = free_address()
    transport, resolver = await asyncio.get_running_loop().create_datagram_endpoint(Silent, local_addr=upstream)
    async with relaying(upstream) as own:
        with socket.socket(type=socket.SOCK_DGRAM) as client:
            for query in (b"one", b"two", b"three"):
                client.sendto(query, own)
            assert {await resolver.queries.get() for _ in range(2)} == {b"one", b"two"}
            while resolver.queries.empty():  # until the first ones are given up
                client.sendto(b"four", own)
                await asyncio.sleep(0.01)
        assert resolver.queries.get_nowait() == b"four"
    transport.close()


async def test_more_connections_than_the_limit_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node_agent.network.relay.CONNECTIONS_LIMIT", 3)
    upstream = free_address()
    server = await asyncio.start_server(reverse, *upstream)
    async with server, relaying(upstream) as own, asyncio.timeout(5):
        ends = [await asyncio.open_connection(*own) for _ in range(5)]
        reads = [asyncio.create_task(reader.read()) for reader, _ in ends]
        for finished in islice(asyncio.as_completed(reads), 2):
            assert await finished == b""
        for _, writer in ends:
            writer.close()
        await asyncio.gather(*reads)

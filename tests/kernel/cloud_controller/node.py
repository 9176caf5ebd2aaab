"""A node that only serves: its health on 10256, and its name with the client's address on 80 and 30080, also by UDP."""

import asyncio
import sys


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await reader.readline()
        client = writer.get_extra_info("peername")[0]
        writer.write(f"HTTP/1.1 200 OK\r\n\r\n{sys.argv[1]} {client}\n".encode())
    finally:
        writer.close()


class Datagrams(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(f"{sys.argv[1]} {addr[0]}".encode(), addr)  # type: ignore[attr-defined]


async def serve() -> None:
    await asyncio.get_running_loop().create_datagram_endpoint(Datagrams, local_addr=("0.0.0.0", 30080))
    servers = [await asyncio.start_server(answer, "0.0.0.0", port) for port in (80, 10256, 30080)]
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(serve())

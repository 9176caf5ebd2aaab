"""A node that only serves: its health on 10256 and 32000, and its name with the client's address on 80 and 30080."""

import asyncio
import sys


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await reader.readline()
        client = writer.get_extra_info("peername")[0]
        writer.write(f"HTTP/1.1 200 OK\r\n\r\n{sys.argv[1]} {client}\n".encode())
    finally:
        writer.close()


async def serve() -> None:
    servers = [await asyncio.start_server(answer, "0.0.0.0", port) for port in (80, 10256, 30080)]
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(serve())

"""Reading and writing of pipes, terminals and files that grow, on the event loop."""

import asyncio
import os
import struct
from pathlib import Path
from typing import Any

from node_agent import syscalls
from protos import api_pb2

QUEUE = 64  # frames that wait between a pod and the network before the faster side is held
CHUNK = 64 << 10

Queue = asyncio.Queue[api_pb2.Frame | None]  # None: the end


async def readable(descriptor: int, *others: "asyncio.Future[Any]") -> None:
    """Returns when there is something to read, or one of the futures is done."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(descriptor, _set, ready)
    try:
        await asyncio.wait({ready, *others}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        loop.remove_reader(descriptor)


async def read(descriptor: int, ended: "asyncio.Future[Any]") -> bytes:
    """The next chunk; empty at the end of the stream, or once nothing is left after `ended`."""
    while True:
        was_ended = ended.done()
        try:
            return os.read(descriptor, CHUNK)
        except BlockingIOError:
            if was_ended:
                return b""
        except OSError:  # EIO: nobody has the terminal any more
            return b""
        await readable(descriptor, ended)


async def write(descriptor: int, data: bytes) -> None:
    """Writes it all. Raises OSError when nobody reads."""
    loop = asyncio.get_running_loop()
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:
            ready: asyncio.Future[None] = loop.create_future()
            loop.add_writer(descriptor, _set, ready)
            try:
                await ready
            finally:
                loop.remove_writer(descriptor)


def _set(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)


class FolderWatch:
    """Tells when a file in a folder was written to: inotify(7)."""

    def __init__(self, folder: Path) -> None:
        self._descriptor = syscalls.inotify(str(folder))

    async def changed(self, *others: "asyncio.Future[Any]") -> None:
        await readable(self._descriptor, *others)
        try:
            os.read(self._descriptor, struct.calcsize("iIII") + 4096)
        except BlockingIOError:
            return

    def close(self) -> None:
        os.close(self._descriptor)

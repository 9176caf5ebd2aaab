"""A bounded queue of frames between two calls, which either end can close."""

import asyncio
from collections import deque

from protos import api_pb2

CAPACITY = 16  # frames: enough to keep both sides busy, little enough to slow a fast sender down to its reader


class PipeClosed(Exception):
    """Nobody reads any more."""


class Pipe:
    """One direction of a stream. The reader iterates; what was sent before the close still arrives."""

    def __init__(self) -> None:
        self._frames: deque[api_pb2.Frame] = deque()
        self._changed = asyncio.Event()
        self._closed = False
        self._error: Exception | None = None

    async def send(self, frame: api_pb2.Frame) -> None:
        """Waits while the pipe is full. Raises PipeClosed."""
        while len(self._frames) >= CAPACITY and not self._closed:
            await self._change()
        if self._closed:
            raise PipeClosed
        self._frames.append(frame)
        self._changed.set()

    def close(self, error: Exception | None = None) -> None:
        """Ends the iteration, with the error if one is given. The first close counts."""
        if not self._closed:
            self._closed, self._error = True, error
            self._changed.set()

    def __aiter__(self) -> "Pipe":
        return self

    async def __anext__(self) -> api_pb2.Frame:
        while not self._frames:
            if self._error is not None:
                raise self._error
            if self._closed:
                raise StopAsyncIteration
            await self._change()
        frame = self._frames.popleft()
        self._changed.set()
        return frame

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

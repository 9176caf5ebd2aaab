"""Frames of the streams into pods: what goes before the first and what ends the last."""

from collections.abc import AsyncIterable, AsyncIterator, Generator, Iterable, Iterator
from contextlib import closing

from protos import api_pb2
from svclab.client import errors


def opening_frames(opening: api_pb2.Frame, frames: Iterable[api_pb2.Frame]) -> Iterator[api_pb2.Frame]:
    """The frame that opens a stream, then the given ones."""
    yield opening
    yield from frames


def data_frames(frames: Generator[api_pb2.Frame, None, None]) -> Generator[api_pb2.Frame, None, None]:
    """The frames of a stream, which is closed with this one. Raises the ApiError of an error frame."""
    with closing(frames):
        for frame in frames:
            yield checked(frame)


def checked(frame: api_pb2.Frame) -> api_pb2.Frame:
    """The frame itself. Raises the ApiError of an error frame."""
    if frame.WhichOneof("frame") == "error":
        raise errors.from_status(frame.error)
    return frame


async def async_opening_frames(
    opening: api_pb2.Frame, frames: AsyncIterable[api_pb2.Frame] | None
) -> AsyncIterator[api_pb2.Frame]:
    """The frame that opens a stream, then the given ones."""
    yield opening
    if frames is not None:
        async for frame in frames:
            yield frame

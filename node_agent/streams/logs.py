"""`logs`: a container's log file, as far as it is wanted, and as it grows."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from node_agent.pods.pods import Pods
from node_agent.shim.records import RUNNING, STARTING
from node_agent.streams.descriptors import CHUNK, FolderWatch, Queue
from protos import api_pb2, timestamps
from protos.kubernetes import core_pb2

ROTATED = ".1"
NOT_PULLED = {"ErrImagePull": "image can't be pulled", "ImagePullBackOff": "trying and failing to pull image"}


class Line(NamedTuple):
    """One record of a log in the CRI's format."""

    stamp: str
    stream: str
    text: bytes  # with its newline, unless it is a piece of a longer line


def parse(record: bytes) -> Line | None:
    """`TIME STREAM F|P TEXT`; None for what is not that."""
    parts = record.split(b" ", 3)
    if len(parts) < 4:
        return None
    return Line(parts[0].decode(), parts[1].decode(), parts[3] + (b"\n" if parts[2] == b"F" else b""))


def is_since(line: Line, since: float) -> bool:
    return timestamps.seconds(timestamps.parse_micro_time(line.stamp)) >= since


class LogReader:
    """Reads a log file from its beginning on, through one rotation."""

    def __init__(self, path: Path) -> None:
        self._path = path
        rotated = path.with_name(path.name + ROTATED)
        self._file = open(rotated if rotated.exists() else path, "rb")  # noqa: SIM115  # open for as long as it grows
        self._rest = b""

    def lines(self) -> Iterator[Line]:
        """The lines that have been added since the last call."""
        while True:
            while data := self._file.read(CHUNK):
                *records, self._rest = (self._rest + data).split(b"\n")
                yield from filter(None, map(parse, records))
            if not self._moved():
                return

    def _moved(self) -> bool:
        """Goes on with the file that took the place of the one that was read to its end."""
        here, there = self._path.stat(), Path(f"/proc/self/fd/{self._file.fileno()}").stat()
        if here.st_ino == there.st_ino:
            return False
        self._file.close()
        self._file = open(self._path, "rb")  # noqa: SIM115
        return True

    def close(self) -> None:
        self._file.close()


def select(lines: Iterator[Line], request: api_pb2.LogsRequest, now: float) -> list[Line]:
    """Those that the request's sinceSeconds and tailLines leave."""
    chosen = list(lines)
    if request.HasField("sinceSeconds"):
        chosen = [line for line in chosen if is_since(line, now - request.sinceSeconds)]
    return chosen[len(chosen) - min(request.tailLines, len(chosen)) :] if request.HasField("tailLines") else chosen


async def run(request: api_pb2.LogsRequest, pods: Pods, outgoing: Queue) -> None:
    """Raises PodNotHere if the pod is not here, ValueError if it has no such log."""
    container = request.container or pods.default_container(request.namespace, request.pod)
    reader = LogReader(_path(request, pods, container))
    sender = Sender(request, outgoing)
    try:
        wanted = await sender.send(select(reader.lines(), request, time.time()))
        if request.follow and wanted and not request.previous:
            await _follow(request, pods, container, reader, sender)
    finally:
        reader.close()


def _path(request: api_pb2.LogsRequest, pods: Pods, container: str) -> Path:
    folder = pods.find_folder(request.namespace, request.pod)
    attempts = sorted(int(path.stem) for path in (folder.path / "logs" / container).glob("*.log"))
    if not attempts:
        raise ValueError(why_none(request.pod, container, pods.status(request.namespace, request.pod)))
    if not request.previous:
        return folder.log(container, attempts[-1])
    if len(attempts) < 2:
        raise ValueError(f'previous terminated container "{container}" in pod "{request.pod}" not found')
    return folder.log(container, attempts[-2])


def why_none(pod: str, container: str, status: core_pb2.PodStatus) -> str:
    """Why a container has no log yet, in the words of the kubelet (kubelet_pods.go, validateContainerLogStatus)."""
    states = {one.name: one.state for one in (*status.initContainerStatuses, *status.containerStatuses)}
    if container not in states:
        return f"container {container} is not valid for pod {pod}"
    reason = states[container].waiting.reason
    return f'container "{container}" in pod "{pod}" is waiting to start: {NOT_PULLED.get(reason, reason)}'


class Sender:
    """Puts lines into frames, up to the request's limitBytes."""

    def __init__(self, request: api_pb2.LogsRequest, outgoing: Queue) -> None:
        self._with_time = request.timestamps
        self._left = request.limitBytes if request.HasField("limitBytes") else None
        self._outgoing = outgoing

    async def send(self, lines: list[Line]) -> bool:
        """Neighbours of one stream travel together; False once nothing more may be sent."""
        pieces: list[tuple[str, bytes]] = []
        for line in lines:
            text = line.stamp.encode() + b" " + line.text if self._with_time else line.text
            if self._left is not None:
                text = text[: self._left]
                self._left -= len(text)
            if pieces and pieces[-1][0] == line.stream and len(pieces[-1][1]) < CHUNK:
                pieces[-1] = (line.stream, pieces[-1][1] + text)
            else:
                pieces.append((line.stream, text))
        for stream, text in pieces:
            if text:
                await self._outgoing.put(
                    api_pb2.Frame(stdout=text) if stream == "stdout" else api_pb2.Frame(stderr=text)
                )
        return self._left is None or self._left > 0


async def _follow(request: api_pb2.LogsRequest, pods: Pods, container: str, reader: LogReader, sender: Sender) -> None:
    """Until the container has ended and all of it is sent."""
    sandbox = pods.find(request.namespace, request.pod)
    attempt = sandbox.shim.states[container].attempt if container in sandbox.shim.states else -1
    watch = FolderWatch(sandbox.folder.path / "logs" / container)
    try:
        while True:
            state = sandbox.shim.states.get(container)
            running = state is not None and state.attempt == attempt and state.phase in (STARTING, RUNNING)
            running = running and not sandbox.shim.gone
            if not await sender.send(list(reader.lines())) or not running:
                return
            ended = asyncio.ensure_future(sandbox.shim.next_change())
            try:
                await watch.changed(ended)
            finally:
                ended.cancel()
    finally:
        watch.close()

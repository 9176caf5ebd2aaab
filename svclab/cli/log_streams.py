"""The output of a container, line by line, across restarts of the agent that holds it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from svclab.cli.settings import client

RETRY_PAUSE = 0.3  # seconds
_PATIENCE = 30.0  # seconds without an answer after which following is given up


@dataclass(frozen=True)
class LogSource:
    """One container's log, and what of it is wanted. `since` in seconds, 0: all; `tail` in lines, negative: all."""

    namespace: str
    pod: str
    container: str
    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    tail: int = -1
    since: float = 0.0
    limit_bytes: int = 0

    def chunks(self) -> Iterator[bytes]:
        """The output as it comes. While following, a broken stream is taken up again where it ended."""
        if self.follow:
            yield from self._following()
        else:
            yield from (frame.stdout or frame.stderr for frame in client().logs(self._request()))

    def _following(self) -> Iterator[bytes]:
        """Each line is asked for with its time: so it is known where to go on."""
        from svclab.client.errors import ServiceUnavailable, Unreachable

        source, seen, lost_at = replace(self, timestamps=True), b"", 0.0
        while True:
            shown_before = seen
            try:
                for line in _lines(client().logs(source._request())):
                    lost_at = 0.0
                    moment, _, text = line.partition(b" ")
                    moment = moment.rstrip(b"Z")  # a time sorts as text without its Z: fractions have any length
                    if moment > shown_before:
                        seen = moment
                        yield line if self.timestamps else text
                return
            except (ServiceUnavailable, Unreachable):
                lost_at = lost_at or time.monotonic()
                if time.monotonic() - lost_at > _PATIENCE:
                    raise
                time.sleep(RETRY_PAUSE)
                source = replace(source, tail=-1, since=_age(seen)) if seen else source

    def _request(self) -> Any:
        from protos.api_pb2 import LogsRequest

        request = LogsRequest(
            namespace=self.namespace,
            pod=self.pod,
            container=self.container,
            follow=self.follow,
            previous=self.previous,
            timestamps=self.timestamps,
        )
        if self.tail >= 0:
            request.tailLines = self.tail
        if self.since > 0:
            request.sinceSeconds = max(int(self.since + 0.999), 1)
        if self.limit_bytes > 0:
            request.limitBytes = self.limit_bytes
        return request


def _lines(frames: Iterator[Any]) -> Iterator[bytes]:
    """Whole lines, each with its newline; what is left when the stream ends well is a line too."""
    rest = b""
    for frame in frames:
        *lines, rest = (rest + (frame.stdout or frame.stderr)).split(b"\n")
        yield from (line + b"\n" for line in lines)
    if rest:
        yield rest


def _age(moment: bytes) -> float:
    """Seconds since an RFC 3339 time, and one more: lines of the same second are told apart by their own times."""
    from protos.timestamps import parse_time

    return max(time.time() - parse_time(f"{moment.decode()}Z").seconds, 0.0) + 1.0

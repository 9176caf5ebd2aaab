"""A container's log in the format of the Container Runtime Interface: `TIME STREAM F|P TEXT` lines, rotated by size.

F ends a line, P is a piece of a longer one: https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md
"""

import os
import time

PIECE = 16 << 10  # bytes of one line that are written at most before it is cut, as the container runtimes do


def timestamp(nanoseconds: int) -> str:
    """RFC 3339 in UTC with nanoseconds."""
    seconds, fraction = divmod(nanoseconds, 1_000_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{fraction:09d}Z"


class LogFile:
    """Appends to `path`; past `limit` bytes the file becomes `path.1` and a new one begins."""

    def __init__(self, path: str, limit: int) -> None:
        self._path, self._limit = path, limit
        self._open()

    def _open(self) -> None:
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        self._size = os.fstat(self._file).st_size

    def write(self, stamp: str, stream: str, line: bytes, *, whole: bool) -> None:
        """Adds one line without its newline. A full disk loses the line, not the container."""
        record = f"{stamp} {stream} {'F' if whole else 'P'} ".encode() + line + b"\n"
        try:
            if self._size and self._size + len(record) > self._limit:
                self._rotate()
            self._size += os.write(self._file, record)
        except OSError:
            return

    def _rotate(self) -> None:
        before = self._file
        os.replace(self._path, self._path + ".1")
        self._open()
        os.close(before)

    def close(self) -> None:
        os.close(self._file)


class LineCutter:
    """Cuts one output stream into lines and pieces for a LogFile."""

    def __init__(self, log: LogFile, stream: str) -> None:
        self._log, self._stream = log, stream
        self._rest = b""

    def feed(self, data: bytes, nanoseconds: int) -> None:
        stamp = timestamp(nanoseconds)
        *lines, rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._pieces(stamp, line)
        while len(rest) >= PIECE:
            self._log.write(stamp, self._stream, rest[:PIECE], whole=False)
            rest = rest[PIECE:]
        self._rest = rest

    def finish(self, nanoseconds: int) -> None:
        """Writes what the stream left without a newline."""
        if self._rest:
            self._log.write(timestamp(nanoseconds), self._stream, self._rest, whole=False)
            self._rest = b""

    def _pieces(self, stamp: str, line: bytes) -> None:
        while len(line) > PIECE:
            self._log.write(stamp, self._stream, line[:PIECE], whole=False)
            line = line[PIECE:]
        self._log.write(stamp, self._stream, line, whole=True)

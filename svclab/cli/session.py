"""A command in a container, from here: input, output, terminal, exit code."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from queue import SimpleQueue
from typing import Any

from protos.api_pb2 import Frame, TerminalSize
from svclab.cli.errors import CliError
from svclab.cli.settings import client
from svclab.cli.terminal import on_resize, raw_terminal

_CHUNK = 32 * 1024


class Session:
    """One command: what is typed goes there, what it writes comes back."""

    def __init__(self, opening: Any) -> None:
        self.opening = opening
        self.outgoing: SimpleQueue[Any] = SimpleQueue()  # frames; None ends them

    def run(self) -> int:
        """Runs it to its end; the exit code. Raises CliError if the stream breaks."""
        with ExitStack() as stack:
            if self.opening.tty and sys.stdin.isatty():
                stack.enter_context(raw_terminal())
                stack.enter_context(on_resize(self._resize))
            if self.opening.stdin:
                threading.Thread(target=self._read_input, daemon=True).start()
            else:
                self.outgoing.put(Frame(endOfInput=True))
            stack.callback(self.outgoing.put, None)
            return self._copy_output()

    def _copy_output(self) -> int:
        for frame in client().exec(self.opening, self._frames()):
            match frame.WhichOneof("frame"):
                case "stdout":
                    _write(sys.stdout, frame.stdout)
                case "stderr":
                    _write(sys.stderr, frame.stderr)
                case "exitCode":
                    return int(frame.exitCode)
        raise CliError("the stream ended before the command did: its node or the API server went away")

    def _frames(self) -> Iterator[Any]:
        while (frame := self.outgoing.get()) is not None:
            yield frame

    def _read_input(self) -> None:
        while data := os.read(sys.stdin.fileno(), _CHUNK):
            self.outgoing.put(Frame(stdin=data))
        self.outgoing.put(Frame(endOfInput=True))

    def _resize(self, columns: int, rows: int) -> None:
        self.outgoing.put(Frame(resize=TerminalSize(columns=columns, rows=rows)))


def _write(stream: Any, data: bytes) -> None:
    stream.buffer.write(data)
    stream.buffer.flush()

"""Says how far a start is: on a terminal as steps that get ticked off, elsewhere as plain lines."""

import sys
import time
from typing import TextIO


class Steps:
    """The steps of one command, on stderr so that its result can be piped."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._current = ""
        self._begun = time.monotonic()

    def say(self, step: str) -> None:
        """Ends the current step and begins another."""
        self.end()
        self._current, self._begun = step, time.monotonic()
        if self._terminal:
            self._write(f" • {step} ...")

    def end(self, *, failed: bool = False) -> None:
        """Ends the current step."""
        if not self._current:
            return
        took = time.monotonic() - self._begun
        if self._terminal:
            mark = "\033[31m✗\033[0m" if failed else "\033[32m✓\033[0m"
            self._write(f"\r\033[K {mark} {self._current} ({took:.2f} s)\n")
        elif not failed:
            self._write(f"{self._current}: done ({took:.2f} s)\n")
        self._current = ""

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

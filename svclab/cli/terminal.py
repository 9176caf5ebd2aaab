"""The terminal of the person who types: raw mode and size."""

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from svclab.cli.errors import CliError
from svclab.cli.messages import note


@contextmanager
def raw_terminal() -> Iterator[None]:
    """Hands every key to the process in the pod, Ctrl-C too; restores the terminal at the end. Raises CliError."""
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    if not os.isatty(descriptor):
        raise CliError("-t needs a terminal, but stdin is none: leave out -t")
    before = termios.tcgetattr(descriptor)
    try:
        tty.setraw(descriptor, termios.TCSADRAIN)  # what has been typed ahead is kept
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@contextmanager
def on_resize(changed: Callable[[int, int], None]) -> Iterator[None]:
    """Calls `changed(columns, rows)` now and at every change of the window's size."""

    def report(*_: object) -> None:
        size = shutil.get_terminal_size()
        changed(size.columns, size.lines)

    before = signal.signal(signal.SIGWINCH, report)
    report()
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)


def usable_terminal(wanted: bool, *, with_input: bool) -> bool:
    """Whether a terminal can be offered; says so where it is wanted and stdin is none."""
    if wanted and with_input and not sys.stdin.isatty():
        note("Unable to use a TTY - input is not a terminal or the right kind of file")
        return False
    return wanted

"""Freezes a machine: every process in it is stopped, as if the machine hung."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def freeze(pid: int) -> None:
    """Stops a process and all its descendants. Children that are born meanwhile are found in the next round."""
    stopped: set[int] = set()
    while new := set(tree(pid)) - stopped:
        _send(new, signal.SIGSTOP)
        stopped |= new


def thaw(pid: int) -> None:
    """Lets a process and all its descendants go on."""
    _send(tree(pid), signal.SIGCONT)


def frozen(pid: int) -> bool:
    """Whether the process is stopped."""
    return _stat(pid)[0] == "T"


def tree(pid: int) -> Iterator[int]:
    """The process and all its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                parents.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
    pending = [pid]
    while pending:
        one = pending.pop()
        yield one
        pending += parents.get(one, [])


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; the name before it may hold anything, even parentheses."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _send(pids: Iterator[int] | set[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)

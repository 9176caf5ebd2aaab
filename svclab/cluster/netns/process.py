"""Forking the processes of a cluster, and keeping them alive."""

import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from svclab.cluster import locks
from svclab.cluster.netns import namespaces
from svclab.cluster.state import StateFolder

Main = Callable[[], int]


@dataclass(frozen=True)
class Process:
    """One process of a cluster: what it is called, and where its lock and its log are."""

    cluster: str
    name: str
    lock: Path
    log: Path

    @classmethod
    def of(cls, state: StateFolder, name: str, log: str = "") -> "Process":
        """The process of that name; `log` where it shares the log of another one."""
        return cls(state.name, name, state.lock(name), state.log(log or name))


def fork(process: Process, main: Main, keep: Collection[int] = ()) -> int:
    """Forks a process that runs `main` with no descriptors but the standard ones and `keep`; its pid."""
    pid = os.fork()
    if pid == 0:
        run_and_exit(process, main, keep)
    return pid


def run_and_exit(process: Process, main: Main, keep: Collection[int] = ()) -> NoReturn:
    """Turns a freshly forked process into another one. Waits for a predecessor of the same name to be gone."""
    code = 1
    try:
        _become(process, keep)
        code = main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # the end of this process: nothing above may run in it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _become(process: Process, keep: Collection[int]) -> None:
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    log = os.open(process.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    first = 3
    for descriptor in sorted(keep):
        os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    namespaces.set_process_name(process.name, f"svclab: {process.cluster} {process.name}")
    locks.hold(process.lock)


@dataclass
class Backoff:
    """When a process that died is started again: at once, then after longer and longer waits while it dies young."""

    first: float = 0.1  # seconds
    longest: float = 2.0
    young: float = 5.0
    deaths: int = field(default=0, init=False)

    def delay(self, lived: float) -> float:
        """Seconds to wait after a death at the age of `lived` seconds."""
        self.deaths = self.deaths + 1 if lived < self.young else 0
        return min(self.longest, self.first * 2.0 ** (self.deaths - 2)) if self.deaths > 1 else 0.0


def keep_running(start: Callable[[], int] | None) -> NoReturn:
    """The life of a PID 1: keeps one child running (`start` forks it) and reaps every orphan."""
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGCHLD,))
    backoff = Backoff()
    child, started = (start() if start else None), time.monotonic()
    due: float | None = None
    while True:
        wait = 3600.0 if due is None else max(0.0, due - time.monotonic())
        signal.sigtimedwait((signal.SIGCHLD,), wait)
        if child in _reap():
            child, due = None, time.monotonic() + backoff.delay(time.monotonic() - started)
        if start and due is not None and time.monotonic() >= due:
            child, started, due = start(), time.monotonic(), None


def _reap() -> set[int]:
    """The children that have died since the last call."""
    dead: set[int] = set()
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return dead
        if not pid:
            return dead
        dead.add(pid)


def wait_for_end(pidfd: int, patience: float = 5.0) -> bool:
    """Waits until the process behind a pidfd is gone; False if that takes longer than `patience` seconds."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(patience * 1000))

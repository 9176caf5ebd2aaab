"""Watches over processes that shall live, and starts again what dies."""

import os
import select
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from svclab.cluster.errors import ClusterError
from svclab.cluster.netns.process import Backoff

Find = Callable[[], int | None]
Start = Callable[[], None]


@dataclass
class Watched:
    """A process that shall live. `find` tells its pid while it lives; `start` brings it into being."""

    name: str
    find: Find
    start: Start
    pidfd: int | None = None
    started: float = 0.0
    due: float | None = None
    backoff: Backoff = field(default_factory=Backoff)


class Watch:
    """The processes that a supervisor watches over, and its one loop."""

    def __init__(self) -> None:
        self._watched: dict[str, Watched] = {}
        self._listeners: dict[int, Callable[[], None]] = {}
        self._poll = select.poll()

    def listen(self, descriptor: int, handler: Callable[[], None]) -> None:
        """Calls the handler whenever the descriptor can be read."""
        self._listeners[descriptor] = handler
        self._poll.register(descriptor, select.POLLIN)

    def add(self, name: str, find: Find, start: Start) -> None:
        """Watches over a process from now on, and starts it if it does not live. Raises what `start` raises."""
        watched = self._watched[name] = Watched(name, find, start)
        if find() is None:
            start()
        self._follow(watched)

    def remove(self, name: str) -> None:
        """Lets go of a process; it lives or dies as it likes."""
        if watched := self._watched.pop(name, None):
            self._unfollow(watched)

    def run(self, housekeeping: Callable[[], None], every: float) -> None:
        """Restarts and listens for ever; calls `housekeeping` every so many seconds."""
        clean_at = time.monotonic() + every
        while True:
            dues = [watched.due for watched in self._watched.values() if watched.due is not None]
            wait = max(0.0, min([clean_at, *dues]) - time.monotonic())
            ready = {descriptor for descriptor, _ in self._poll.poll(wait * 1000)}
            self._bury({watched.pidfd: watched for watched in self._watched.values() if watched.pidfd in ready})
            self._start_due()
            for descriptor in ready & self._listeners.keys():
                self._listeners[descriptor]()
            if time.monotonic() >= clean_at:
                housekeeping()
                clean_at = time.monotonic() + every

    def _follow(self, watched: Watched) -> None:
        watched.started, watched.due = time.monotonic(), None
        pid = watched.find()
        try:
            if pid is None:
                raise ProcessLookupError
            watched.pidfd = os.pidfd_open(pid)
        except ProcessLookupError:
            watched.due = watched.started + watched.backoff.delay(0)
        else:
            self._poll.register(watched.pidfd, select.POLLIN)

    def _unfollow(self, watched: Watched) -> None:
        if watched.pidfd is not None:
            self._poll.unregister(watched.pidfd)
            os.close(watched.pidfd)
            watched.pidfd = None

    def _bury(self, dead: dict[int | None, Watched]) -> None:
        now = time.monotonic()
        for watched in dead.values():
            self._unfollow(watched)
            watched.due = now + watched.backoff.delay(now - watched.started)
            print(f"{watched.name} died and is started again in {watched.due - now:.1f} s", flush=True)
        with suppress(ChildProcessError):
            while dead and os.waitpid(-1, os.WNOHANG)[0]:
                continue

    def _start_due(self) -> None:
        for watched in list(self._watched.values()):
            if watched.due is not None and watched.due <= time.monotonic():
                try:
                    if watched.find() is None:
                        watched.start()
                    self._follow(watched)
                except (ClusterError, OSError) as error:
                    print(f"{watched.name} could not be started: {error}", flush=True)
                    watched.due = time.monotonic() + watched.backoff.delay(0)

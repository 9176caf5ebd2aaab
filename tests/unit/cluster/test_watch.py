"""Processes that die are started again, with real processes that end at once."""

import os

import pytest

from svclab.cluster.errors import ClusterError
from svclab.cluster.netns.watch import Watch


class Enough(Exception):
    """Leaves the loop, which is made to go on for ever."""


class ShortLived:
    """Starts a process that ends at once, until there have been enough."""

    def __init__(self, enough: int, failing: frozenset[int] = frozenset()) -> None:
        self.starts = 0
        self.enough = enough
        self.failing = failing
        self.pid: int | None = None

    def find(self) -> int | None:
        return self.pid

    def start(self) -> None:
        self.starts += 1
        if self.starts == self.enough:
            raise Enough
        if self.starts in self.failing:
            raise ClusterError("no memory")
        self.pid = os.fork()
        if self.pid == 0:
            os._exit(0)
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)


class Mortal(ShortLived):
    """The same, whose end is seen in `find`."""

    def find(self) -> int | None:
        alive, self.pid = self.pid, None
        return alive


def test_a_process_that_dies_is_started_again(capfd: pytest.CaptureFixture[str]) -> None:
    watch, process = Watch(), Mortal(enough=3)
    watch.add("short", process.find, process.start)
    with pytest.raises(Enough):
        watch.run(lambda: None, every=60)
    assert "short died and is started again in 0.0 s" in capfd.readouterr().out


def test_a_start_that_fails_is_tried_again(capfd: pytest.CaptureFixture[str]) -> None:
    watch, process = Watch(), Mortal(enough=4, failing=frozenset({2}))
    watch.add("short", process.find, process.start)
    with pytest.raises(Enough):
        watch.run(lambda: None, every=60)
    assert "short could not be started: no memory" in capfd.readouterr().out


def test_a_living_process_is_adopted() -> None:
    watch, process = Watch(), ShortLived(enough=1)
    process.pid = os.getpid()
    watch.add("me", process.find, process.start)
    assert process.starts == 0
    watch.remove("me")


def test_a_listener_is_called(capfd: pytest.CaptureFixture[str]) -> None:
    watch = Watch()
    reading, writing = os.pipe()
    os.write(writing, b"x")

    def stop() -> None:
        raise Enough

    watch.listen(reading, stop)
    with pytest.raises(Enough):
        watch.run(lambda: None, every=60)
    for descriptor in (reading, writing):
        os.close(descriptor)


def test_housekeeping_comes_round() -> None:
    def stop() -> None:
        raise Enough

    with pytest.raises(Enough):
        Watch().run(stop, every=0)

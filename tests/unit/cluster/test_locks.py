"""Locks as the record of who is alive."""

import os
from pathlib import Path

from svclab.cluster import locks


def test_the_holder_of_a_lock_is_known_until_it_dies(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    assert locks.holder(path) is None
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        locks.hold(path)
        os.read(reading, 1)  # until the parent closes its end
        os._exit(0)
    os.close(reading)
    while locks.holder(path) is None:
        os.sched_yield()
    assert locks.holder(path) == child
    assert not locks.hold(path, wait=False)
    os.close(writing)
    os.waitpid(child, 0)
    assert locks.holder(path) is None


def test_a_lock_held_for_a_while(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with locks.held(path) as mine:
        assert mine
        child = os.fork()
        if child == 0:
            with locks.held(path, wait=False) as taken:
                os._exit(int(taken))
        assert os.waitpid(child, 0)[1] == 0
    child = os.fork()
    if child == 0:
        with locks.held(path, wait=False) as taken:
            os._exit(int(taken))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1

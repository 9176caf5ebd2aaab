"""Who is alive: each process of a cluster holds the lock of its name while it lives.

A POSIX record lock (fcntl(2)) goes with its process, is not inherited by fork, and the kernel tells its holder's pid in
the PID namespace of whoever asks. So no pid is ever written down, and none can be stale.
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FLOCK = struct.Struct("hhqqi4x")  # struct flock: l_type, l_whence, l_start, l_len, l_pid


def hold(path: Path, *, wait: bool = True) -> bool:
    """Takes the lock for the rest of this process' life; False if it is held and `wait` is off.

    The process must not open the file again: closing any descriptor of it would let the lock go.
    """
    return _lock(path, wait) is not None


@contextmanager
def held(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """Holds the lock for a while; yields False if somebody else has it and `wait` is off."""
    descriptor = _lock(path, wait)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)


@contextmanager
def folder(path: Path) -> Iterator[None]:
    """Holds a folder for a while, against others who do the same (flock(2): it needs no file)."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _lock(path: Path, wait: bool) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except (BlockingIOError, PermissionError):
        os.close(descriptor)
        return None
    return descriptor


def holder(path: Path) -> int | None:
    """The pid of the process that holds the lock, as seen from the caller's pid namespace; None if nobody does."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
    finally:
        os.close(descriptor)
    kind, _, _, _, pid = _FLOCK.unpack(answer)
    return pid if kind != fcntl.F_UNLCK else None

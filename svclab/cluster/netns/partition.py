"""Cuts a node off from the API server: it no longer finds the server's socket, and its connections break."""

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from svclab.cluster.errors import ClusterError
from svclab.cluster.netns import namespaces
from svclab.cluster.netns.freezing import tree


def cut_from_api(machine: int, listener: Path) -> None:
    """Hides the API server's socket from a machine (its pid), and breaks its connections. Raises ClusterError."""
    _in_mounts_of(machine, lambda: namespaces.mount("none", str(listener.parent), "tmpfs", namespaces.MS_RDONLY))
    for pid in tree(machine):
        with suppress(OSError):  # it may have ended meanwhile
            _break_connections(pid, str(listener).encode())


def restore_api(machine: int, listener: Path) -> None:
    """Undoes `cut_from_api`. Raises ClusterError."""
    _in_mounts_of(machine, lambda: namespaces.unmount(str(listener.parent)))


def _in_mounts_of(pid: int, action: Callable[[], None]) -> None:
    mounts = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            namespaces.setns(mounts, namespaces.CLONE_NEWNS)
            action()
            code = 0
        finally:
            os._exit(code)
    os.close(mounts)
    if os.waitpid(child, 0)[1]:
        raise ClusterError("the node's view of the API server could not be changed")


def _break_connections(pid: int, peer: bytes) -> None:
    pidfd = os.pidfd_open(pid)
    try:
        for entry in os.listdir(f"/proc/{pid}/fd"):
            if os.readlink(f"/proc/{pid}/fd/{entry}").startswith("socket:"):
                with socket.socket(fileno=namespaces.get_descriptor(pidfd, int(entry))) as copy:
                    if copy.family == socket.AF_UNIX and _peer(copy) == peer:
                        copy.shutdown(socket.SHUT_RDWR)
    finally:
        os.close(pidfd)


def _peer(connection: socket.socket) -> bytes:
    try:
        return os.fsencode(connection.getpeername())
    except OSError:  # not connected
        return b""

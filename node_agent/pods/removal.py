"""Ends all pods of a node, without its agent."""

import os
import signal
import socket
import struct
from contextlib import suppress
from pathlib import Path

from node_agent.pods.folders import pod_folders
from node_agent.shim.records import SOCKET


def connect(folder: Path) -> socket.socket:
    """A connection to the shim of a pod. Raises OSError if there is none."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    directory = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        connection.connect(f"/proc/self/fd/{directory}/{SOCKET}")  # a socket's path holds 107 bytes at most
    except OSError:
        connection.close()
        raise
    finally:
        os.close(directory)
    return connection


def kill_shim(folder: Path) -> None:
    """Kills the pod's shim; the kernel ends its containers with it."""
    try:
        connection = connect(folder)
    except OSError:
        return
    with connection:
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid, _, _ = struct.unpack("3i", credentials)
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
            while connection.recv(1 << 16):  # until it has ended
                continue


def remove_all(state_dir: Path) -> None:
    """Kills every pod that the node's state folder knows, and forgets them."""
    for folder in pod_folders(state_dir):
        kill_shim(folder.path)
        folder.remove()

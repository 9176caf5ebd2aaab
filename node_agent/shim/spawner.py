"""Forks the pods' shims: a small process beside each agent, so that a pod's start pays for no interpreter start.

Reads from its standard input, a Unix socket: {"directory": PATH} with the shim's first connection as descriptor, and
{"sysctls": {NAME: VALUE}}, which it answers by {"errors": {NAME: TEXT}}. Ends with the socket; the shims live on.
"""

import gc
import os
import signal
import socket
import traceback

from node_agent import syscalls
from node_agent.shim import messages, namespaces, pod
from node_agent.shim.messages import Inbox


def make_proc_writable() -> None:
    """In a container /proc/sys is read-only: sees to a /proc of our own, in a mount namespace of our own."""
    if namespaces.can_write_sysctls():
        return
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.mount("", "/", "", syscalls.MS_PRIVATE | syscalls.MS_REC)
    syscalls.mount("proc", "/proc", "proc", syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC)


def spawn(directory: str, connection: socket.socket, channel: socket.socket) -> None:
    """Forks the shim of the pod in `directory`."""
    if os.fork():
        connection.close()
        return
    code = 1
    try:
        channel.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        pod.hold(directory, connection)
        code = 0
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(code)


def main() -> None:
    channel = socket.socket(fileno=os.dup(0))
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    os.close(null)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    syscalls.set_process_name("svclab-spawner")
    make_proc_writable()
    gc.freeze()
    inbox = Inbox(channel)
    while (received := inbox.receive()) is not None:
        for message in received:
            if "sysctls" in message:
                messages.send(channel, {"errors": namespaces.write_sysctls(message["sysctls"])})
            else:
                (descriptor,) = inbox.take_descriptors()
                spawn(message["directory"], socket.socket(fileno=descriptor), channel)


if __name__ == "__main__":
    main()

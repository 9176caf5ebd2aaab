"""Linux namespaces by their system calls; Python's os module has them from 3.12 on only."""

import ctypes
import fcntl
import os
from pathlib import Path

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
ALL_BUT_USER = CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID

MS_RDONLY, MS_REC, MS_SLAVE = 0x1, 0x4000, 1 << 19
MNT_DETACH = 2
NS_GET_USERNS = 0xB701  # ioctl_ns(2)
PR_SET_NAME = 15
SYS_PIDFD_GETFD = 438  # the same number on every architecture

CAP_NET_ADMIN, CAP_SYS_ADMIN = 12, 21

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def unshare(flags: int) -> None:
    """unshare(2). Raises OSError."""
    _check(_libc.unshare(flags), "unshare")


def setns(descriptor: int, kind: int = 0) -> None:
    """setns(2) into the namespace behind a descriptor. Raises OSError."""
    _check(_libc.setns(descriptor, kind), "setns")


def mount(source: str, target: str, kind: str, flags: int = 0) -> None:
    """mount(2). Raises OSError."""
    _check(_libc.mount(source.encode(), target.encode(), kind.encode(), flags, None), f"mount {target}")


def unmount(target: str) -> None:
    """umount2(2), lazily. Raises OSError."""
    _check(_libc.umount2(target.encode(), MNT_DETACH), f"umount {target}")


def set_hostname(name: str) -> None:
    """sethostname(2) in the current UTS namespace. Raises OSError."""
    encoded = name.encode()
    _check(_libc.sethostname(encoded, len(encoded)), "sethostname")


def set_process_name(name: str, title: str) -> None:
    """What `ps` shows: a name of at most 15 bytes, and a title in the place of the command line, cut to its length."""
    _libc.prctl(PR_SET_NAME, name.encode(), 0, 0, 0)
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])  # arg_start and arg_end, proc(5); the fields before are cut off
    if 0 < start < end:
        ctypes.memmove(start, title.encode()[: end - start - 1].ljust(end - start, b"\0"), end - start)


def get_descriptor(pidfd: int, descriptor: int) -> int:
    """A duplicate of another process' descriptor, pidfd_getfd(2). Raises OSError."""
    return _check(_libc.syscall(SYS_PIDFD_GETFD, pidfd, descriptor, 0), "pidfd_getfd")


def become_root_of_new_user_namespace() -> None:
    """Makes a user namespace in which this user is root. Raises OSError where that is refused."""
    user, group = os.geteuid(), os.getegid()
    unshare(CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")


def owns_network() -> bool:
    """Whether the current network namespace belongs to the current user namespace, so that its root may change it."""
    network = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        owner = fcntl.ioctl(network, NS_GET_USERNS)
    except PermissionError:  # it belongs to a namespace outside of ours
        return False
    finally:
        os.close(network)
    try:
        return os.path.samestat(os.fstat(owner), os.stat("/proc/self/ns/user"))
    finally:
        os.close(owner)


_ENTERED = ("user", "net", "uts", "ipc", "pid", "mnt")  # the user namespace gives the right to enter the others


def enter(pid: int) -> None:
    """Enters all namespaces of a process that differ from the caller's (the PID namespace: for children only).

    Raises OSError if the process is gone or not ours.
    """
    different = [
        kind for kind in _ENTERED if os.readlink(f"/proc/{pid}/ns/{kind}") != os.readlink(f"/proc/self/ns/{kind}")
    ]
    descriptors = [os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC) for kind in different]
    for descriptor in descriptors:
        setns(descriptor)
        os.close(descriptor)

"""Linux calls that Python 3.11 has no wrapper for, under their own names: mount(2), unshare(2), setns(2), prctl(2).

Each raises OSError with the name of what it was applied to. Imported by pod shims: keep it light.
"""

import ctypes
import os
import signal

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_BIND = 4096
MS_MOVE = 8192
MS_REC = 16384
MS_PRIVATE = 1 << 18

MNT_DETACH = 2

IN_MODIFY, IN_MOVED_TO, IN_CREATE = 0x02, 0x80, 0x100

M_ARENA_MAX = -8  # mallopt(3)

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
PR_CAPBSET_DROP = 24

_NUMBERS = {"x86_64": {"clone": 56, "pivot_root": 155}, "aarch64": {"clone": 220, "pivot_root": 41}}

_libc = ctypes.CDLL(None, use_errno=True)
_holding_the_interpreter = ctypes.PyDLL(None, use_errno=True)


def _check(result: int, subject: str) -> None:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), subject)


def mount(source: str, target: str, filesystem: str = "", flags: int = 0, options: str = "") -> None:
    result = _libc.mount(
        source.encode(), target.encode(), filesystem.encode() or None, ctypes.c_ulong(flags), options.encode() or None
    )
    _check(result, f"mount {filesystem or source} on {target}")


def umount(target: str, flags: int = 0) -> None:
    _check(_libc.umount2(target.encode(), flags), f"umount {target}")


def unshare(flags: int) -> None:
    _check(_libc.unshare(flags), f"unshare {flags:#x}")


def setns(namespace: int, kind: int) -> None:
    """Moves the calling thread into the namespace behind the file descriptor; kind is one CLONE_NEW* flag."""
    _check(_libc.setns(namespace, kind), f"setns {kind:#x}")


def pivot_root(new_root: str, put_old: str) -> None:
    _check(_libc.syscall(_number("pivot_root"), new_root.encode(), put_old.encode()), f"pivot_root to {new_root}")


def fork_into(flags: int) -> int:
    """fork(2) whose child is born into new namespaces: how to get a PID namespace that leaves the caller alone.

    For a process of a single thread. setns(2) back from unshare(CLONE_NEWPID) is refused in an unprivileged user
    namespace, whose PID namespace belongs to somebody else.
    """
    pid = int(_holding_the_interpreter.syscall(_number("clone"), ctypes.c_ulong(flags | signal.SIGCHLD), 0, 0, 0, 0))
    _check(pid, f"clone {flags:#x}")
    return pid


def limit_heaps(count: int) -> None:
    """Lets the process's threads share `count` heaps: glibc gives each its own, which a small process cannot spare."""
    _libc.mallopt(M_ARENA_MAX, count)


def trim_heap() -> None:
    """Gives free memory of the C heap back to the kernel: malloc_trim(3)."""
    _libc.malloc_trim(ctypes.c_size_t(0))


def inotify(path: str) -> int:
    """A non-blocking descriptor that becomes readable when something in the folder is written, made or moved."""
    descriptor = int(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
    _check(descriptor, "inotify")
    _check(_libc.inotify_add_watch(descriptor, path.encode(), IN_MODIFY | IN_CREATE | IN_MOVED_TO), path)
    return descriptor


def _number(name: str) -> int:
    return _NUMBERS[os.uname().machine][name]


def sethostname(name: str) -> None:
    encoded = name.encode()
    _check(_libc.sethostname(encoded, len(encoded)), f"sethostname {name}")


def die_with_parent(signal_number: int) -> None:
    """Asks for the signal at the death of the parent (of the thread that forked)."""
    _check(_libc.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0), "prctl PDEATHSIG")


def set_process_name(name: str) -> None:
    """What ps and top show of the process; 15 characters at most."""
    _check(_libc.prctl(PR_SET_NAME, name.encode(), 0, 0, 0), "prctl NAME")


def drop_bounding_capability(number: int) -> None:
    """Takes the capability from all programs that the process will run."""
    _check(_libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0), f"drop capability {number}")

"""Starts a container's processes: its init (PID 1 in namespaces of its own), the program, later joiners."""

import fcntl
import os
import signal
import struct
import termios
from collections.abc import Callable

from node_agent import syscalls
from node_agent.shim import root
from node_agent.shim.records import LISTENING, ContainerSpec

CANNOT_EXECUTE, NOT_FOUND, CANNOT_START = 126, 127, 128
LAST_CAPABILITY = 40
PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)

# ioctl_tty(2); termios does not name them in Python 3.11
TIOCSPTLCK, TIOCGPTPEER = 0x40045431, 0x5441

Streams = tuple[int, int, int]  # descriptors for standard input, output, error


def start_container(spec: ContainerSpec, output: tuple[int, int], started: int) -> int:
    """Forks the container's init; its PID as the shim sees it.

    `started` is the writing end of a pipe. It is closed when the program runs (or listens, if its image says so by
    itself); a text in it is why the program does not run.
    """
    return _fork(lambda: _container(spec, output, started), syscalls.CLONE_NEWPID | syscalls.CLONE_NEWNS)


def start_exec(spec: ContainerSpec, init: int, streams: Streams, started: int, *, terminal: bool) -> int:
    """Forks a process that joins the container of `init` and runs spec.argv there; the PID of its supervisor."""
    return _fork(lambda: _joined(spec, init, streams, started, terminal=terminal))


def open_terminal(init: int, columns: int, rows: int) -> tuple[int, int]:
    """(master, slave) of a new terminal from the container's own devpts."""
    master = os.open(f"/proc/{init}/root/dev/pts/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    fcntl.ioctl(master, TIOCSPTLCK, struct.pack("i", 0))
    slave = fcntl.ioctl(master, TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    if columns and rows:
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    return master, slave


def _fork(life: Callable[[], int], namespaces: int = 0) -> int:
    """Forks a child that lives `life` and exits with its result: it never returns into the shim's loop."""
    pid = syscalls.fork_into(namespaces) if namespaces else os.fork()
    if pid:
        return pid
    code = CANNOT_START
    try:
        code = life()
    finally:
        os._exit(code)


def _container(spec: ContainerSpec, output: tuple[int, int], started: int) -> int:
    try:
        syscalls.die_with_parent(signal.SIGKILL)
        syscalls.set_process_name("init")
        root.build("root", spec.binds, size=spec.root_size)
        root.enter("root", read_only=spec.read_only_root, privileged=spec.privileged)
    except OSError as error:
        os.write(started, f"cannot build the container's root: {error}".encode())
        return CANNOT_START
    return _supervise(spec, (_standard_input(spec), *output), started, terminal=False)


def _standard_input(spec: ContainerSpec) -> int:
    """Nothing; or with `stdin` an input that never ends and never comes, so that a shell waits instead of ending."""
    if not spec.stdin:
        return os.open("/dev/null", os.O_RDONLY)
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)  # the program itself keeps it open
    return reading


def _joined(spec: ContainerSpec, init: int, streams: Streams, started: int, *, terminal: bool) -> int:
    syscalls.die_with_parent(signal.SIGKILL)
    pid_namespace = os.open(f"/proc/{init}/ns/pid", os.O_RDONLY)
    mount_namespace = os.open(f"/proc/{init}/ns/mnt", os.O_RDONLY)
    syscalls.setns(pid_namespace, syscalls.CLONE_NEWPID)
    syscalls.setns(mount_namespace, syscalls.CLONE_NEWNS)
    return _supervise(spec, streams, started, terminal=terminal)


def _supervise(spec: ContainerSpec, streams: Streams, started: int, *, terminal: bool) -> int:
    """Runs the program as a child, passes signals on to it and reaps orphans; the program's exit code.

    That is 128 + n if signal n ended it. The end of an init makes the kernel end all else in its PID namespace.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)
    program = _fork(lambda: _become(spec, streams, started, terminal=terminal))
    signal.set_wakeup_fd(-1)
    os.closerange(0, 1 << 16)
    for number in PASSED_ON:
        signal.signal(number, lambda received, _: os.kill(program, received))
    signal.signal(signal.SIGHUP, lambda received, _: os.killpg(program, received))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
    while True:
        pid, status = os.wait()
        if pid == program:
            return exit_code(status)


def exit_code(wait_status: int) -> int:
    code = os.waitstatus_to_exitcode(wait_status)
    return code if code >= 0 else 128 - code


def _become(spec: ContainerSpec, streams: Streams, started: int, *, terminal: bool) -> int:
    """Becomes the program; or says on the pipe why it cannot, and returns the exit code."""
    program = spec.argv[0]
    try:
        _prepare(spec, streams, terminal=terminal)
        environment = spec.env
        if spec.says_listening:
            os.set_inheritable(started, True)
            environment = {**environment, LISTENING: str(started)}
        os.execvpe(program, spec.argv, environment)
    except FileNotFoundError:
        place = f"stat {program}: no such file or directory" if "/" in program else "executable file not found in $PATH"
        os.write(started, f'exec: "{program}": {place}'.encode())
        return NOT_FOUND
    except OSError as error:
        os.write(started, f'exec: "{program}": {os.strerror(error.errno or 0).lower()}'.encode())
        return CANNOT_EXECUTE


def _prepare(spec: ContainerSpec, streams: Streams, *, terminal: bool) -> None:
    syscalls.die_with_parent(signal.SIGKILL)
    os.setsid()
    for target, descriptor in enumerate(streams):
        os.dup2(descriptor, target)
    if terminal:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.makedirs(spec.cwd, exist_ok=True)
    os.chdir(spec.cwd)
    _give_up(spec)
    _default_signals()


def _default_signals() -> None:
    """Ignores and blocks nothing: exec() would hand on what the spawner, or whoever started the cluster, ignores."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _give_up(spec: ContainerSpec) -> None:
    """Gives up capabilities, then identity, as the container's security context asks."""
    for number in range(LAST_CAPABILITY + 1):
        if number not in spec.capabilities:
            syscalls.drop_bounding_capability(number)
    if spec.user is None and spec.group is None:
        return
    if spec.user:
        os.setgroups([spec.group or 0])
    os.setgid(spec.group or 0)
    os.setuid(spec.user or 0)

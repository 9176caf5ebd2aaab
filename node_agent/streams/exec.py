"""`exec`: runs a process in a container, its streams being those of the client."""

import asyncio
import fcntl
import os
import struct
import termios
from contextlib import ExitStack, suppress

from node_agent.pods.execs import Exec
from node_agent.pods.pods import Pods
from node_agent.pods.shims import Shim
from node_agent.shim.records import ExecSpec
from node_agent.streams.descriptors import Queue, read, write
from protos import api_pb2


async def run(opening: api_pb2.ExecOpen, pods: Pods, incoming: Queue, outgoing: Queue) -> None:
    """Raises PodNotHere, ValueError for a container that does not run, ShimError if the process cannot be started."""
    sandbox = pods.find(opening.namespace, opening.pod)
    container = opening.container or pods.default_container(opening.namespace, opening.pod)
    if container not in sandbox.shim.states:
        raise ValueError(f'container not found ("{container}")')
    with ExitStack() as undo:
        if opening.tty:
            await _with_terminal(opening, container, sandbox.shim, incoming, outgoing, undo)
        else:
            await _with_pipes(opening, container, sandbox.shim, incoming, outgoing, undo)


async def _with_pipes(
    opening: api_pb2.ExecOpen, container: str, shim: Shim, incoming: Queue, outgoing: Queue, undo: ExitStack
) -> None:
    (stdin_read, stdin), (stdout, stdout_write), (stderr, stderr_write) = (os.pipe() for _ in range(3))
    theirs = (stdin_read, stdout_write, stderr_write)
    for descriptor in (stdout, stderr):
        undo.callback(os.close, descriptor)
    for descriptor in (stdin, stdout, stderr):
        os.set_blocking(descriptor, False)
    try:
        process = shim.exec(ExecSpec(container, list(opening.command), False, 0, 0), theirs)
    finally:
        for descriptor in theirs:
            os.close(descriptor)
    undo.callback(process.close)
    ended = asyncio.ensure_future(process.wait())
    feeding = asyncio.create_task(_feed(stdin, process, incoming, opening.stdin, None))
    undo.callback(feeding.cancel)
    await asyncio.gather(_copy(stdout, "stdout", ended, outgoing), _copy(stderr, "stderr", ended, outgoing))
    await outgoing.put(api_pb2.Frame(exitCode=await ended))


async def _with_terminal(
    opening: api_pb2.ExecOpen, container: str, shim: Shim, incoming: Queue, outgoing: Queue, undo: ExitStack
) -> None:
    process = shim.exec(ExecSpec(container, list(opening.command), True, 80, 24))
    undo.callback(process.close)
    master = await process.terminal()
    undo.callback(os.close, master)
    os.set_blocking(master, False)
    ended = asyncio.ensure_future(process.wait())
    feeding = asyncio.create_task(_feed(os.dup(master), process, incoming, opening.stdin, master))
    undo.callback(feeding.cancel)
    await _copy(master, "stdout", ended, outgoing)
    await outgoing.put(api_pb2.Frame(exitCode=await ended))


async def _copy(descriptor: int, stream: str, ended: "asyncio.Future[int]", outgoing: Queue) -> None:
    while data := await read(descriptor, ended):
        await outgoing.put(api_pb2.Frame(stdout=data) if stream == "stdout" else api_pb2.Frame(stderr=data))


async def _feed(stdin: int, process: Exec, incoming: Queue, wanted: bool, terminal: int | None) -> None:
    """Passes on what the client sends; closes `stdin` at the end of input, or at once if none is wanted."""
    is_open = True
    if not wanted and terminal is None:
        os.close(stdin)
        is_open = False
    try:
        while (frame := await incoming.get()) is not None:
            match frame.WhichOneof("frame"):
                case "stdin" if is_open:
                    with suppress(OSError):
                        await write(stdin, frame.stdin)
                case "endOfInput" if is_open and terminal is None:
                    os.close(stdin)
                    is_open = False
                case "resize" if terminal is not None:
                    size = struct.pack("HHHH", frame.resize.rows, frame.resize.columns, 0, 0)
                    fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)
                case "signal":
                    process.signal(frame.signal)
    finally:
        if is_open:
            os.close(stdin)

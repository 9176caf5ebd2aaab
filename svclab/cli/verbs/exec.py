"""`svclab exec`."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from queue import SimpleQueue
from typing import Any

import click

from protos.api_pb2 import ExecOpen, Frame, TerminalSize
from svclab.cli import options
from svclab.cli.command import command
from svclab.cli.errors import BadUsage, CliError, ExitWith
from svclab.cli.messages import note
from svclab.cli.pod_choice import container_of, pod_of
from svclab.cli.settings import client
from svclab.cli.suggestions import complete_pods
from svclab.cli.terminal import on_resize, raw_terminal

EXAMPLES = """
# Run a command in the pod 'web'
svclab exec web -- hostname

# In one of its containers, with a terminal
svclab exec web -c echo -it -- sh

# Hand over input
echo hello | svclab exec -i web -- cat

# In one of the pods of a service
svclab exec svc/web -- hostname
"""

_CHUNK = 32 * 1024


@command(
    "exec",
    examples=EXAMPLES,
    usage="(POD | TYPE/NAME) [-c CONTAINER] [-i] [-t] -- COMMAND [args...]",
    takes_command=True,
)
@click.argument("words", nargs=-1, shell_complete=complete_pods)
@options.container("Container name. If omitted, the default or first container of the pod is used.")
@click.option("-i", "--stdin", "with_input", is_flag=True, help="Pass stdin to the container.")
@click.option("-t", "--tty", is_flag=True, help="Stdin is a TTY.")
@click.option("-q", "--quiet", is_flag=True, help="Only print output from the remote session.")
def exec_(
    words: tuple[str, ...], container: str, with_input: bool, tty: bool, quiet: bool, command: tuple[str, ...]
) -> None:
    """Execute a command in a container. Its exit code becomes that of svclab."""
    if not words:
        raise BadUsage("pod or type/name must be specified")
    if not command:
        raise BadUsage("you must specify at least one command for the container: svclab exec POD -- COMMAND")
    if len(words) > 1 and "/" in words[0]:
        raise BadUsage("exec [POD] [COMMAND] is not supported. Use exec [POD] -- [COMMAND] instead")
    pod = pod_of(words, "exec")
    if pod.status.phase in ("Succeeded", "Failed"):
        raise CliError(f"cannot exec into a container in a completed pod; current phase is {pod.status.phase}")
    if tty and with_input and not sys.stdin.isatty():
        note("Unable to use a TTY - input is not a terminal or the right kind of file")
        tty = False
    opening = ExecOpen(
        namespace=pod.metadata.namespace,
        pod=pod.metadata.name,
        container=container_of(pod, container, quiet=quiet),
        command=command,
        stdin=with_input,
        tty=tty,
    )
    exit_code = _Session(opening).run()
    if exit_code:
        if not quiet:
            note(f"command terminated with exit code {exit_code}")
        raise ExitWith(exit_code)


class _Session:
    """One command: what is typed goes there, what it writes comes back."""

    def __init__(self, opening: Any) -> None:
        self.opening = opening
        self.outgoing: SimpleQueue[Any] = SimpleQueue()  # frames; None ends them

    def run(self) -> int:
        """The exit code."""
        with ExitStack() as stack:
            if self.opening.tty and sys.stdin.isatty():
                stack.enter_context(raw_terminal())
                stack.enter_context(on_resize(self._resize))
            if self.opening.stdin:
                threading.Thread(target=self._read_input, daemon=True).start()
            else:
                self.outgoing.put(Frame(endOfInput=True))
            stack.callback(self.outgoing.put, None)
            return self._copy_output()

    def _copy_output(self) -> int:
        for frame in client().exec(self.opening, self._frames()):
            match frame.WhichOneof("frame"):
                case "stdout":
                    _write(sys.stdout, frame.stdout)
                case "stderr":
                    _write(sys.stderr, frame.stderr)
                case "exitCode":
                    return int(frame.exitCode)
        raise CliError("the stream ended before the command did: its node or the API server went away")

    def _frames(self) -> Iterator[Any]:
        while (frame := self.outgoing.get()) is not None:
            yield frame

    def _read_input(self) -> None:
        while data := os.read(sys.stdin.fileno(), _CHUNK):
            self.outgoing.put(Frame(stdin=data))
        self.outgoing.put(Frame(endOfInput=True))

    def _resize(self, columns: int, rows: int) -> None:
        self.outgoing.put(Frame(resize=TerminalSize(columns=columns, rows=rows)))


def _write(stream: Any, data: bytes) -> None:
    stream.buffer.write(data)
    stream.buffer.flush()

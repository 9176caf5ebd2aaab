"""Runs a command inside a machine, as if it had been typed there: same folder, same terminal."""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from svclab.cluster.netns import namespaces

_ADMINISTRATION = ("/usr/local/sbin", "/usr/sbin", "/sbin")  # nft, tc ...; Debian's ordinary users do not have them
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126  # the shell's exit codes


def execute(pid: int, command: Sequence[str]) -> int:
    """Runs a command in the namespaces of a process; its exit code, 128 + n where signal n ended it.

    Raises OSError if the process is gone or not ours.
    """
    folder = os.getcwd()
    namespaces.enter(pid)
    with suppress(OSError):  # it need not exist there
        os.chdir(folder)
    child = os.fork()  # only a child is in the PID namespace that was entered
    if child == 0:
        _replace(command)
    for number in (signal.SIGINT, signal.SIGQUIT):  # the terminal sends them to the command too, which decides
        signal.signal(number, signal.SIG_IGN)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if code >= 0 else 128 - code


def roots_path(path: str) -> str:
    """A PATH with the folders of root's programs as well, last: who is in a machine is root there."""
    folders = path.split(":")
    return ":".join([*folders, *(folder for folder in _ADMINISTRATION if folder not in folders)])


def _replace(command: Sequence[str]) -> None:
    code = _NOT_EXECUTABLE
    try:
        os.execvpe(command[0], list(command), {**os.environ, "PATH": roots_path(os.environ.get("PATH", os.defpath))})
    except FileNotFoundError:
        code = _NOT_FOUND
        print(f"error: {command[0]}: command not found", file=sys.stderr)
    except OSError as error:
        print(f"error: {command[0]}: {error.strerror}", file=sys.stderr)
    finally:
        os._exit(code)

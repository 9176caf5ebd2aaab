"""Requests to a running supervisor: one JSON line each way over its Unix socket."""

import json
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from svclab.cluster.errors import ClusterError, RemoteError

_PATIENCE = 5.0  # seconds for a client to send its line
_REPLACEMENT = 10.0  # seconds for a supervisor that died to be replaced
_ANSWER = 30.0  # seconds for its answer
Operation = Callable[..., Mapping[str, Any] | None]


class Requests:
    """The supervisor's end."""

    def __init__(self, path: Path, operations: Mapping[str, Operation]) -> None:
        self._operations = operations
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(path))
        path.chmod(0o600)
        self._socket.listen(8)

    def fileno(self) -> int:
        """The descriptor that can be read when somebody asks."""
        return self._socket.fileno()

    def close(self) -> None:
        """Stops listening."""
        self._socket.close()

    def answer(self) -> None:
        """Takes one connection and answers its request."""
        connection, _ = self._socket.accept()
        connection.settimeout(_PATIENCE)
        with connection, connection.makefile("rw") as stream:
            try:
                stream.write(json.dumps(self._perform(stream.readline())) + "\n")
                stream.flush()
            except OSError as error:  # the client is gone or too slow
                print(f"a request was not answered: {error}", flush=True)

    def _perform(self, line: str) -> Mapping[str, Any]:
        try:
            arguments = json.loads(line)
            result = self._operations[arguments.pop("do")](**arguments)
        except (ClusterError, OSError) as error:
            return {"error": str(error)}
        except (ValueError, KeyError, TypeError, AttributeError):
            return {"error": f"not a request: {line.strip()!r}"}
        return {"result": result or {}}


def ask(path: Path, do: str, **arguments: Any) -> Mapping[str, Any]:
    """Asks the supervisor behind the socket. Raises RemoteError with its reason, ClusterError if it does not answer."""
    try:
        with _connect(path) as connection:
            connection.sendall(json.dumps({"do": do, **arguments}).encode() + b"\n")
            line = connection.makefile().readline()
    except OSError as error:
        raise ClusterError(f"the supervisor does not answer ({error}): see `svclab status` and its log") from error
    if not line:
        raise ClusterError("the supervisor went away while it was asked: see `svclab status`, then try again")
    answer = json.loads(line)
    if "error" in answer:
        raise RemoteError(answer["error"])
    result: Mapping[str, Any] = answer["result"]
    return result


def _connect(path: Path) -> socket.socket:
    """Connects, if need be when a supervisor that died has been replaced. Raises OSError."""
    deadline = time.monotonic() + _REPLACEMENT
    while True:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(_ANSWER)
        try:
            connection.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return connection

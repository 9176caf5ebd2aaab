"""A client inside a machine of the cluster that tells when an address answers for the first time."""

import json
import os
import socket
import sys
import time
from types import TracebackType

from svclab.cluster.netns import namespaces

_REQUEST = b"GET /hostname HTTP/1.0\r\n\r\n"
_PATIENCE = 10.0  # seconds
_PAUSE = 0.0002  # between attempts
_ATTEMPT = 0.005  # seconds for one attempt: packets to an address that is no Service's yet are dropped


class Probe:
    """A process in the network of another one, asked through a pipe. Use it as a context."""

    def __init__(self, pid: int) -> None:
        self._ours, theirs = socket.socketpair()
        self._child = os.fork()
        if self._child == 0:
            self._ours.close()
            _serve(pid, theirs)
        theirs.close()
        self._answers = self._ours.makefile()

    def begin(self, address: str, port: int) -> None:
        """Starts to ask until there is an answer."""
        self._ours.sendall(json.dumps([address, port]).encode() + b"\n")

    def answered(self) -> float:
        """When the answer came, in time.monotonic()'s seconds. Raises RuntimeError if none did."""
        line = self._answers.readline()
        if not line or json.loads(line) is None:
            raise RuntimeError("no answer")
        return float(json.loads(line))

    def __enter__(self) -> "Probe":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ours.shutdown(socket.SHUT_RDWR)  # closing would not do: probes forked later have this end too
        self._answers.close()
        self._ours.close()
        os.waitpid(self._child, 0)


def _serve(pid: int, requests: socket.socket) -> None:
    try:
        namespaces.enter(pid)
        for line in requests.makefile():
            address, port = json.loads(line)
            requests.sendall(json.dumps(_first_answer(address, port)).encode() + b"\n")
    except OSError as error:
        print(f"probe: {error}", file=sys.stderr)
    finally:
        os._exit(0)


def _first_answer(address: str, port: int) -> float | None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            with socket.create_connection((address, port), timeout=_ATTEMPT) as connection:
                connection.sendall(_REQUEST)
                connection.settimeout(1)
                if connection.recv(4096).startswith(b"HTTP/1."):
                    return time.monotonic()
        except OSError:
            time.sleep(_PAUSE)
    return None

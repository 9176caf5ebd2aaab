"""Requests to a supervisor, over a real socket in a temporary folder."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from svclab.cluster.errors import ClusterError, RemoteError
from svclab.cluster.netns.requests import Requests, ask


def greet(name: str) -> Mapping[str, Any]:
    if name == "nobody":
        raise ClusterError("nobody is not a name")
    return {"greeting": f"hello {name}"}


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[], Path]]:
    """Answers one request each time it is called."""
    path = tmp_path / "s.sock"
    requests = Requests(path, {"greet": greet, "rest": lambda: None})
    threads = []

    def one() -> Path:
        threads.append(threading.Thread(target=requests.answer))
        threads[-1].start()
        return path

    yield one
    for thread in threads:
        thread.join()
    requests.close()


def test_an_answer(serve: Callable[[], Path]) -> None:
    assert ask(serve(), "greet", name="you") == {"greeting": "hello you"}
    assert ask(serve(), "rest") == {}


def test_a_refusal_keeps_its_reason(serve: Callable[[], Path]) -> None:
    with pytest.raises(RemoteError, match="^nobody is not a name$"):
        ask(serve(), "greet", name="nobody")


@pytest.mark.parametrize("line", ["", "{", "[]", '{"do": "fly"}', '{"do": "greet"}', "7"])
def test_nonsense_is_refused(serve: Callable[[], Path], line: str) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(serve()))
        connection.sendall(line.encode() + b"\n")
        answer = json.loads(connection.makefile().readline())
    assert answer == {"error": f"not a request: {line!r}"}


def test_the_socket_is_for_its_owner_alone(serve: Callable[[], Path]) -> None:
    path = serve()
    assert path.stat().st_mode & 0o777 == 0o600
    ask(path, "rest")

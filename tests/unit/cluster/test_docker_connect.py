"""An engine that cannot be reached: one clear line, and no socket left open (warnings are errors)."""

import gc
import socket
from pathlib import Path

import pytest

from svclab.cluster.docker.connection import connect
from svclab.cluster.errors import ClusterError

pytest.importorskip("docker")


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    with pytest.raises(ClusterError, match="no docker engine answers: start it"):
        connect()
    gc.collect()


def test_the_socket_is_somebody_elses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(self: socket.socket, address: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(ClusterError, match="no permission to use the docker engine"):
        connect()
    gc.collect()

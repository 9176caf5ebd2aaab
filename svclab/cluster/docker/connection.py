"""The way to a docker engine, and its errors in our words."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from svclab.cluster.errors import ClusterError

_TIMEOUT = 60  # seconds, of one request to the engine
_UNIX = "http+unix://"
_NETNS = "or use --driver netns, which needs no engine"


def connect() -> Any:
    """The SDK's client of the engine that DOCKER_HOST names. Raises ClusterError that says what is missing."""
    try:
        import docker
        from docker.utils import kwargs_from_env, parse_host
    except ModuleNotFoundError:
        raise ClusterError(f"the docker driver needs its SDK: pip install 'svclab[docker]', {_NETNS}") from None
    try:
        _knock(str(parse_host(os.environ.get("DOCKER_HOST"))))
        api = docker.APIClient(version="auto", timeout=_TIMEOUT, **kwargs_from_env())
        api.ping()
    except PermissionError as error:
        raise ClusterError(
            f"no permission to use the docker engine: add yourself to the group docker or become root, {_NETNS}"
        ) from error
    except (OSError, docker.errors.DockerException) as error:
        raise ClusterError(
            f"no docker engine answers: start it (systemctl start docker) or set DOCKER_HOST, {_NETNS}"
        ) from error
    return api


def _knock(url: str) -> None:
    """Raises OSError where the engine's Unix socket refuses; the SDK would leave a socket of its own open then."""
    if url.startswith(_UNIX):
        with socket.socket(socket.AF_UNIX) as door:
            door.connect(url.removeprefix(_UNIX))


@contextmanager
def told(what: str = "docker", *, absent: bool = False) -> Iterator[None]:
    """Turns the SDK's errors into ours; with `absent`, what is not there is no error."""
    import docker
    import requests

    try:
        yield
    except docker.errors.NotFound as error:
        if not absent:
            raise ClusterError(f"{what}: {error.explanation}") from error
    except docker.errors.APIError as error:
        raise ClusterError(f"{what}: {explained(str(error.explanation))}") from error
    except requests.exceptions.RequestException as error:
        raise ClusterError(f"{what}: the docker engine went away: {error}") from error


def explained(text: str) -> str:
    """The engine's words, and what to do where that is known."""
    if "Pool overlaps" in text:
        return f"{text}: set another networking.nodeSubnet in a --config file"
    if "port is already allocated" in text or "address already in use" in text:
        return f"{text}: another program has taken the port of the API server meanwhile; try again"
    if "is already in use by container" in text or "already exists" in text:
        return f"{text}: remove it, or choose another --name"
    return text

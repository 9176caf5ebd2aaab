"""The way in to an API server that runs in a container of this machine's engine, for whoever may use the engine."""

import time
from typing import Any

from svclab.client.credentials import AUTHORITY_FILE, CERTIFICATE_FILE, KEY_FILE, Credentials
from svclab.cluster.docker.archives import read_folder
from svclab.cluster.docker.connection import connect, told
from svclab.cluster.docker.containers import API_PORT, BUNDLES
from svclab.cluster.errors import ClusterError

_PATIENCE, _PAUSE = 20.0, 0.2  # seconds for a server that was just started to write its credentials


def administrator(container: str) -> tuple[str, Credentials]:
    """Where the container's API server is published, and the administrator's credentials. Raises ClusterError."""
    api = connect()
    deadline = time.monotonic() + _PATIENCE
    while True:
        with told(container):
            port, running = _published_port(api, container)
            files = read_folder(api, container, BUNDLES["admin"])
        if port and CERTIFICATE_FILE in files:
            return f"localhost:{port}", Credentials(files[AUTHORITY_FILE], files[CERTIFICATE_FILE], files[KEY_FILE])
        if not (port and running) or time.monotonic() > deadline:
            raise ClusterError(f"container {container!r} is no running API server with a published port {API_PORT}")
        time.sleep(_PAUSE)


def _published_port(api: Any, container: str) -> tuple[str, bool]:
    """The host's port that leads to the API server, "" if none does; and whether the container runs."""
    found = api.inspect_container(container)
    published = found["NetworkSettings"]["Ports"].get(f"{API_PORT}/tcp") or []
    return published[0]["HostPort"] if published else "", bool(found["State"]["Running"])

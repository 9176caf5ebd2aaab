"""How the parts of a cluster get their credentials: through the engine into volumes, never by environment or image."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from svclab.client import errors
from svclab.client.credentials import AUTHORITY_FILE, CERTIFICATE_FILE, KEY_FILE, Credentials
from svclab.client.endpoint import Endpoint
from svclab.cluster.docker import names
from svclab.cluster.docker.containers import BUNDLES, CLOUD_CREDENTIALS, DNS_CREDENTIALS, TOKEN
from svclab.cluster.docker.engine import Engine
from svclab.cluster.docker.status import life
from svclab.cluster.errors import ClusterError
from svclab.cluster.observed import RUNNING

T = TypeVar("T")
_PAUSE = 0.02  # seconds between two looks
_PATIENCE = 20.0  # seconds for an API server that was just started to write the credentials


def take_admin(engine: Engine, address: str) -> None:
    """Waits for the administrator's credentials and keeps them in the state folder. Raises ClusterError."""
    deadline = time.monotonic() + _PATIENCE
    while not (files := engine.read(names.API_SERVER, BUNDLES["admin"])).keys() >= {CERTIFICATE_FILE, KEY_FILE}:
        if life(engine.containers(), names.API_SERVER) != RUNNING or time.monotonic() > deadline:
            own = names.name_of(engine.state.name, names.API_SERVER)
            raise ClusterError(f"the API server did not start: see `docker logs {own}`")
        time.sleep(_PAUSE)
    admin = Credentials(files[AUTHORITY_FILE], files[CERTIFICATE_FILE], files[KEY_FILE])
    Endpoint(engine.state.endpoint).save(address, admin)


def equip_nodes(engine: Engine, *nodes: str) -> None:
    """Gives each node a join token, and the credentials of the cluster's DNS. Raises ClusterError."""
    dns = engine.read(names.API_SERVER, BUNDLES["cluster-dns"])
    for node, token in _tokens(engine, nodes).items():
        engine.write(node, TOKEN, token)
        engine.write(node, DNS_CREDENTIALS, dns)


def equip_cloud(engine: Engine) -> None:
    """Gives the cloud its credentials. Raises ClusterError."""
    engine.write(names.CLOUD, CLOUD_CREDENTIALS, engine.read(names.API_SERVER, BUNDLES["cloud-controller"]))


def _patiently(ask: Callable[[], T]) -> T:
    """The answer of an API server that may just be starting. Raises ClusterError."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return ask()
        except errors.Unreachable as error:
            if time.monotonic() > deadline:
                raise ClusterError(f"no join token: {error}") from error
            time.sleep(_PAUSE)
        except errors.ApiError as error:
            raise ClusterError(f"no join token: {error}") from error


def _tokens(engine: Engine, nodes: tuple[str, ...]) -> Mapping[str, Mapping[str, bytes]]:
    """The files of a join token for each node."""
    from svclab.client.joining import join_token

    endpoint = Endpoint(engine.state.endpoint)

    async def ask() -> list[Credentials]:
        own = Credentials.load(endpoint.folder)
        return await asyncio.gather(*(join_token(endpoint.address, own, node) for node in nodes))

    made = _patiently(lambda: asyncio.run(ask()))
    return {
        node: {AUTHORITY_FILE: token.authority, KEY_FILE: token.key, CERTIFICATE_FILE: token.certificate}
        for node, token in zip(nodes, made, strict=True)
    }

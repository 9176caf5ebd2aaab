"""How the parts of a cluster get their credentials: through the engine into volumes, never by environment or image."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from svclab.client import errors
from svclab.client.credentials import AUTHORITY_FILE, CERTIFICATE_FILE, KEY_FILE, Credentials
from svclab.client.endpoint import Endpoint
from svclab.cluster.docker import names
from svclab.cluster.docker.containers import BUNDLES, CLOUD_CREDENTIALS, DNS_CREDENTIALS, TOKEN
from svclab.cluster.docker.engine import Engine
from svclab.cluster.docker.status import life
from svclab.cluster.errors import ClusterError
from svclab.cluster.observed import RUNNING

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
    tokens = _tokens(engine, nodes)
    with ThreadPoolExecutor() as pool:
        folders = [{TOKEN: _files(token), DNS_CREDENTIALS: dns} for token in tokens]
        list(pool.map(engine.write, nodes, folders))


def equip_cloud(engine: Engine) -> None:
    """Gives the cloud its credentials. Raises ClusterError."""
    engine.write(names.CLOUD, {CLOUD_CREDENTIALS: engine.read(names.API_SERVER, BUNDLES["cloud-controller"])})


def _files(credentials: Credentials) -> Mapping[str, bytes]:
    parts = (credentials.authority, credentials.key, credentials.certificate)
    return dict(zip((AUTHORITY_FILE, KEY_FILE, CERTIFICATE_FILE), parts, strict=True))


def _tokens(engine: Engine, nodes: Sequence[str]) -> Sequence[Credentials]:
    """A join token for each node, from an API server that may just be starting. Raises ClusterError."""
    from svclab.client.joining import join_token

    endpoint = Endpoint(engine.state.endpoint)

    async def ask() -> Sequence[Credentials]:
        own = Credentials.load(endpoint.folder)
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return await asyncio.gather(*(join_token(endpoint.address, own, node) for node in nodes))
            except errors.Unreachable:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(_PAUSE)

    try:
        return asyncio.run(ask())
    except errors.ApiError as error:
        raise ClusterError(f"no join token: {error}") from error

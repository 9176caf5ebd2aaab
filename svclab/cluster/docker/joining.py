"""How the parts of a cluster get their credentials: through the engine into volumes, never by environment or image."""

import asyncio
import socket
import ssl
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
_LOOK = 1.0  # seconds between two looks whether the container of the API server still runs
_PATIENCE = 20.0  # seconds for an API server that was just started to write the credentials


def take_admin(engine: Engine, port: int) -> None:
    """Waits for the API server and keeps the administrator's credentials in the state folder. Raises ClusterError."""
    _wait_for_server(engine, port)
    files = engine.read(names.API_SERVER, BUNDLES["admin"])
    admin = Credentials(files[AUTHORITY_FILE], files[CERTIFICATE_FILE], files[KEY_FILE])
    Endpoint(engine.state.endpoint).save(f"localhost:{port}", admin)


def _wait_for_server(engine: Engine, port: int) -> None:
    """Returns when the API server listens: it has written all credentials then."""
    deadline = time.monotonic() + _PATIENCE
    look = time.monotonic() + _LOOK
    while not _speaks_tls(port):
        now = time.monotonic()
        if now > look:
            look = now + _LOOK
            if now > deadline or life(engine.containers(), names.API_SERVER) != RUNNING:
                own = names.name_of(engine.state.name, names.API_SERVER)
                raise ClusterError(
                    f"the API server did not start: see `docker logs {own}`, or {engine.state.root}/logs"
                )
        time.sleep(_PAUSE)


def _speaks_tls(port: int) -> bool:
    """Whether a TLS server is behind a port of 127.0.0.1; the engine's proxy accepts connections for nobody too."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # who it is, is found out with credentials
    context.set_alpn_protocols(["h2"])
    try:
        with socket.create_connection(("127.0.0.1", port), _LOOK) as connection, context.wrap_socket(connection):
            return True
    except OSError:
        return False


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

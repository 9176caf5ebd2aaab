"""How the parts of a cluster get their credentials: through the engine into volumes, never by environment or image."""

import asyncio
import time

from svclab.client import errors
from svclab.client.credentials import AUTHORITY_FILE, CERTIFICATE_FILE, KEY_FILE, Credentials
from svclab.client.endpoint import Endpoint
from svclab.cluster.docker import names
from svclab.cluster.docker.containers import ADMIN, TOKEN
from svclab.cluster.docker.engine import Engine
from svclab.cluster.docker.status import life
from svclab.cluster.errors import ClusterError
from svclab.cluster.observed import RUNNING

_PAUSE = 0.02  # seconds between two looks
_PATIENCE = 20.0  # seconds for an API server that was just started to write the administrator's credentials


def take_admin(engine: Engine, address: str) -> None:
    """Waits for the administrator's credentials and keeps them in the state folder. Raises ClusterError."""
    deadline = time.monotonic() + _PATIENCE
    while not (files := engine.read(names.API_SERVER, ADMIN)).keys() >= {AUTHORITY_FILE, KEY_FILE, CERTIFICATE_FILE}:
        if life(engine.containers(), names.API_SERVER) != RUNNING or time.monotonic() > deadline:
            own = names.name_of(engine.state.name, names.API_SERVER)
            raise ClusterError(f"the API server did not start: see `docker logs {own}`")
        time.sleep(_PAUSE)
    admin = Credentials(files[AUTHORITY_FILE], files[CERTIFICATE_FILE], files[KEY_FILE])
    Endpoint(engine.state.endpoint).save(address, admin)


def give_token(engine: Engine, *nodes: str) -> None:
    """Makes a join token for each node and puts it into the node's volume. Raises ClusterError."""
    from svclab.client.joining import join_token

    endpoint = Endpoint(engine.state.endpoint)

    async def tokens() -> list[Credentials]:
        own = Credentials.load(endpoint.folder)
        return await asyncio.gather(*(join_token(endpoint.address, own, node) for node in nodes))

    try:
        made = asyncio.run(tokens())
    except errors.ApiError as error:
        raise ClusterError(f"no join token: {error}") from error
    for node, token in zip(nodes, made, strict=True):
        files = {AUTHORITY_FILE: token.authority, KEY_FILE: token.key, CERTIFICATE_FILE: token.certificate}
        engine.write(node, TOKEN, files)

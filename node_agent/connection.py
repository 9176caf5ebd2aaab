"""The agent's way to its API server: a Unix socket, or TCP with a certificate that it gets and keeps fresh itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from node_agent import syscalls
from node_agent.config import Config
from svclab.client import Client, Target


@asynccontextmanager
async def connection(config: Config) -> AsyncIterator[Client]:
    """A client for as long as the context lasts; a node without credentials joins first. Raises ApiError if refused."""
    if config.credentials is None:
        async with Client(Target.parse(config.server)) as client:
            yield client
        return
    from svclab.client.joining import credentials_of, keep_fresh  # its library is for TCP alone

    own = await credentials_of(config.server, config.credentials, config.join_token, config.node_name)
    if config.join_token is not None:
        _lay_down(config.join_token)
    async with Client(Target.parse(config.server, own.for_channel())) as client:
        renewing = asyncio.create_task(keep_fresh(client, config.server, config.credentials))
        try:
            yield client
        finally:
            renewing.cancel()


def _lay_down(token: Path) -> None:
    """Unmounts a token that nodes share: it is of use only until a node has joined, or to whoever takes the node over.

    It is back when the node's container starts again.
    """
    if token.is_mount():
        syscalls.umount(str(token), syscalls.MNT_DETACH)

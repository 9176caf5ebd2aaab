"""Credentials folders that the server keeps fresh for the other parts of its cluster, which find them in volumes."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from apiserver.security import identity as identities
from apiserver.security.authority import JOIN_LIFE, USER_LIFE, Authority
from apiserver.security.identity import Identity
from svclab.client.credentials import Credentials
from svclab.client.keys import renewal_due

LONGEST_SLEEP = 3600.0  # seconds

log = logging.getLogger(__name__)

ROLES: Mapping[str, tuple[Identity, timedelta]] = {
    "admin": (identities.ADMIN, USER_LIFE),
    "cloud-controller": (identities.CLOUD_CONTROLLER, USER_LIFE),
    "cluster-dns": (identities.CLUSTER_DNS, USER_LIFE),
    "join": (identities.joiner(), JOIN_LIFE),
}


class Bundles:
    """One folder a role: ca.crt, client.crt and client.key, as svclab.client.credentials reads them."""

    def __init__(self, authority: Authority, folders: Mapping[str, Path]) -> None:
        """Raises ValueError for a role that there is not."""
        for role in folders:
            if role not in ROLES:
                raise ValueError(f'--bundle: "{role}" is none of the roles {", ".join(ROLES)}')
        self._authority = authority
        self._folders = folders

    def refresh(self) -> float:
        """Writes the folders that are due; seconds until the next one is. Raises OSError."""
        return min([LONGEST_SLEEP, *(self._refreshed(role, folder) for role, folder in self._folders.items())])

    async def run(self) -> None:
        """Keeps the folders fresh for ever."""
        while True:
            due = self.refresh()
            await asyncio.sleep(due)

    def _refreshed(self, role: str, folder: Path) -> float:
        with suppress(OSError, ValueError):
            kept = Credentials.load(folder)
            if kept.authority == self._authority.pem and (due := renewal_due(kept.certificate)) > 0:
                return due
        issued = self._authority.issue(*ROLES[role])
        issued.save(folder)
        log.info("credentials written", extra={"role": role})
        return renewal_due(issued.certificate)

"""A folder that tells where an API server answers on TCP and how to prove who we are there.

It holds `server` (host:port) beside ca.crt, client.crt and client.key; all are readable by their owner alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from svclab.client.credentials import Credentials
from svclab.client.private_files import write_private

if TYPE_CHECKING:
    from svclab.client.target import Target

SERVER_FILE = "server"


@dataclass(frozen=True)
class Endpoint:
    """One such folder, whether or not it exists."""

    folder: Path

    @property
    def address(self) -> str:
        """host:port; "" where nothing has been saved."""
        try:
            return (self.folder / SERVER_FILE).read_text().strip()
        except (FileNotFoundError, NotADirectoryError):
            return ""

    @property
    def port(self) -> int:
        """The port of the address; 0 where nothing has been saved."""
        return int(self.address.rpartition(":")[2] or 0)

    def target(self) -> Target:
        """For a client. Raises OSError; ValueError for a damaged address."""
        from svclab.client.target import Target

        return Target.parse(self.address, Credentials.load(self.folder).for_channel())

    def save(self, address: str, credentials: Credentials) -> None:
        """Writes the folder; the address last, since readers look for it. Raises OSError."""
        credentials.save(self.folder)
        write_private(self.folder / SERVER_FILE, address.encode() + b"\n")

"""What a caller over TCP proves itself with: the cluster's authority, a certificate and its private key, all PEM."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from svclab.client.private_files import write_private

if TYPE_CHECKING:
    import grpc

AUTHORITY_FILE, CERTIFICATE_FILE, KEY_FILE = "ca.crt", "client.crt", "client.key"


@dataclass(frozen=True)
class Credentials:
    """The three parts, as PEM bytes. The key never shows in a repr, and so in no log."""

    authority: bytes
    certificate: bytes
    key: bytes

    def __repr__(self) -> str:
        return "Credentials(...)"

    @classmethod
    def load(cls, folder: Path) -> Credentials:
        """Reads ca.crt, client.crt and client.key of a folder. Raises OSError."""
        return cls(*((folder / name).read_bytes() for name in (AUTHORITY_FILE, CERTIFICATE_FILE, KEY_FILE)))

    def save(self, folder: Path) -> None:
        """Writes the three files, readable by their owner alone; the certificate last, since readers wait for it."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(folder / AUTHORITY_FILE, self.authority)
        write_private(folder / KEY_FILE, self.key)
        write_private(folder / CERTIFICATE_FILE, self.certificate)

    def for_channel(self) -> grpc.ChannelCredentials:
        import grpc

        return grpc.ssl_channel_credentials(self.authority, self.key, self.certificate)

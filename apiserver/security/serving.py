"""The server's own certificate: signed at its start by the cluster's authority, and anew before it ends."""

import grpc

from apiserver.security.authority import SERVER_LIFE, Authority
from apiserver.security.identity import Identity
from svclab.client.credentials import Credentials
from svclab.client.keys import renewal_due

API_SERVER = Identity("system:apiserver")


class ServingCertificate:
    """What the server shows to its callers, who must show a certificate of the same authority."""

    def __init__(self, authority: Authority, addresses: tuple[str, ...]) -> None:
        self._authority = authority
        self._addresses = addresses
        self._current = self._signed()

    def credentials(self) -> grpc.ServerCredentials:
        """For a server's port: gRPC asks for a newer certificate before each connection."""
        return grpc.dynamic_ssl_server_credentials(
            self._configuration(),
            self.newer,  # type: ignore[arg-type]  # None, for no change, is missing in the stubs
            require_client_authentication=True,
        )

    def newer(self) -> grpc.ServerCertificateConfiguration | None:
        """A configuration with a new certificate, when two thirds of the current one's life are over; else None."""
        if renewal_due(self._current.certificate) > 0:
            return None
        self._current = self._signed()
        return self._configuration()

    def _signed(self) -> Credentials:
        return self._authority.issue(API_SERVER, SERVER_LIFE, addresses=self._addresses)

    def _configuration(self) -> grpc.ServerCertificateConfiguration:
        pair = (self._current.key, self._current.certificate)
        return grpc.ssl_server_certificate_configuration([pair], root_certificates=self._authority.pem)

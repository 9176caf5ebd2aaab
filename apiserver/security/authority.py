"""The cluster's certificate authority: made at the first start, kept in the server's state folder."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from apiserver.security.identity import Identity
from svclab.client.credentials import Credentials
from svclab.client.keys import new_key, signing_request
from svclab.client.private_files import write_private

AUTHORITY_LIFE = timedelta(days=3650)
NODE_LIFE = timedelta(days=7)
USER_LIFE = timedelta(days=365)
SERVER_LIFE = timedelta(days=30)
JOIN_LIFE = timedelta(minutes=15)
CLOCK_SKEW = timedelta(minutes=1)  # hosts' clocks differ a little: a certificate is valid from a minute ago


class BadSigningRequest(ValueError):
    """A signing request that is not one, or whose signature does not fit its key."""


class Authority:
    """Signs certificates of one cluster."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self._certificate = certificate
        self._key = key
        self.pem = certificate.public_bytes(serialization.Encoding.PEM)

    @classmethod
    def load_or_create(cls, folder: Path, cluster: str) -> "Authority":
        """Reads ca.crt and ca.key of the folder (0700) or makes them. Raises OSError; ValueError for a damaged file"""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        certificate_file, key_file = folder / "ca.crt", folder / "ca.key"
        if not certificate_file.exists():
            key = new_key()
            write_private(key_file, key)
            write_private(certificate_file, _self_signed(_private(key), cluster))
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        return cls(certificate, _private(key_file.read_bytes()))

    def sign(
        self,
        request: bytes,
        identity: Identity,
        life: timedelta,
        *,
        addresses: tuple[str, ...] = (),
        now: datetime | None = None,
    ) -> bytes:
        """A certificate (PEM) over the key of a PEM signing request. Raises BadSigningRequest.

        `addresses`: names and IP addresses, for a server's certificate.
        """
        try:
            loaded = x509.load_pem_x509_csr(request)
        except ValueError as error:
            raise BadSigningRequest("not a certificate signing request in PEM form") from error
        if not loaded.is_signature_valid:
            raise BadSigningRequest("the signature of the certificate signing request does not fit its key")
        since = (now or datetime.now(UTC)) - CLOCK_SKEW
        usage = ExtendedKeyUsageOID.SERVER_AUTH if addresses else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = (
            x509.CertificateBuilder()
            .subject_name(identity.subject())
            .issuer_name(self._certificate.subject)
            .public_key(loaded.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(since)
            .not_valid_after(since + CLOCK_SKEW + life)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        )
        if addresses:
            names = x509.SubjectAlternativeName([_general_name(address) for address in addresses])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def issue(
        self, identity: Identity, life: timedelta, *, addresses: tuple[str, ...] = (), now: datetime | None = None
    ) -> Credentials:
        """A new key and its certificate."""
        key = new_key()
        return Credentials(self.pem, self.sign(signing_request(key), identity, life, addresses=addresses, now=now), key)


def _self_signed(key: ec.EllipticCurvePrivateKey, cluster: str) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"svclab cluster {cluster}"[:64])])
    since = datetime.now(UTC) - CLOCK_SKEW
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("the authority's key is not an elliptic curve key")
    return key


def _general_name(address: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(address))
    except ValueError:
        return x509.DNSName(address)

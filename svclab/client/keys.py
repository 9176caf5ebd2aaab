"""Private keys, and the requests by which their holders ask for a certificate (PKCS #10, RFC 2986)."""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def new_key() -> bytes:
    """A new P-256 key, PEM."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def signing_request(key: bytes) -> bytes:
    """A request for a certificate over `key`, PEM. It names nobody: the authority decides who the caller is."""
    private = serialization.load_pem_private_key(key, None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise ValueError("the key is not an elliptic curve key")
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(private, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM)


def renewal_due(certificate: bytes, now: datetime | None = None) -> float:
    """Seconds until two thirds of the certificate's life are over; 0 or less: renew now."""
    loaded = x509.load_pem_x509_certificate(certificate)
    life = loaded.not_valid_after_utc - loaded.not_valid_before_utc
    return (loaded.not_valid_before_utc + life * 2 / 3 - (now or datetime.now(UTC))).total_seconds()


def seconds_left(certificate: bytes, now: datetime | None = None) -> float:
    """Seconds until the certificate ends; 0 or less: it has ended."""
    loaded = x509.load_pem_x509_certificate(certificate)
    return (loaded.not_valid_after_utc - (now or datetime.now(UTC))).total_seconds()

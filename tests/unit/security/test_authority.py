"""Certificates: who they name, what signs them, how long they live."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from apiserver.security.authority import NODE_LIFE, Authority, BadSigningRequest
from apiserver.security.identity import node, of_certificate
from svclab.client.credentials import Credentials
from svclab.client.keys import new_key, renewal_due, signing_request


def test_the_authority_is_made_once_and_read_again(tmp_path: Path) -> None:
    first = Authority.load_or_create(tmp_path / "pki", "lab")
    assert Authority.load_or_create(tmp_path / "pki", "lab").pem == first.pem
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "pki").iterdir()}
    assert modes == {"ca.crt": 0o600, "ca.key": 0o600}
    assert (tmp_path / "pki").stat().st_mode & 0o777 == 0o700


def test_a_certificate_names_the_identity_that_it_was_issued_for(tmp_path: Path) -> None:
    issued = Authority.load_or_create(tmp_path, "lab").issue(node("node-1"), NODE_LIFE)
    assert of_certificate(issued.certificate) == node("node-1")
    loaded = x509.load_pem_x509_certificate(issued.certificate)
    loaded.verify_directly_issued_by(x509.load_pem_x509_certificate(issued.authority))


def test_a_request_cannot_choose_its_own_name(tmp_path: Path) -> None:
    authority = Authority.load_or_create(tmp_path, "lab")
    signed = authority.sign(signing_request(new_key()), node("node-1"), NODE_LIFE)
    assert of_certificate(signed).user == "system:node:node-1"


@pytest.mark.parametrize(
    "request_text", [b"", b"not PEM", b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"]
)
def test_a_broken_request_is_refused(tmp_path: Path, request_text: bytes) -> None:
    with pytest.raises(BadSigningRequest):
        Authority.load_or_create(tmp_path, "lab").sign(request_text, node("node-1"), NODE_LIFE)


def test_renewal_is_due_after_two_thirds_of_the_life(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    issued = Authority.load_or_create(tmp_path, "lab").issue(node("node-1"), timedelta(hours=3), now=now)
    assert renewal_due(issued.certificate, now + timedelta(hours=1)) > 0
    assert renewal_due(issued.certificate, now + timedelta(hours=2, minutes=1)) <= 0


def test_saved_credentials_are_their_owners_alone_and_never_shown(tmp_path: Path) -> None:
    issued = Authority.load_or_create(tmp_path / "pki", "lab").issue(node("node-1"), NODE_LIFE)
    issued.save(tmp_path / "me")
    assert Credentials.load(tmp_path / "me") == issued
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "me").iterdir()} == {0o600}
    assert "PRIVATE" not in repr(issued)

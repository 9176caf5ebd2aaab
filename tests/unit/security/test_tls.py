"""A guarded server on loopback: who gets in, and what is said to those who do not."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import grpc.aio
import pytest

from apiserver.security.audit import AuditLog
from apiserver.security.authority import NODE_LIFE, Authority
from apiserver.security.certificates import CertificatesServicer
from apiserver.security.guard import Guard
from apiserver.security.identity import ADMIN, Identity, joiner, node, of_certificate
from protos import api_pb2, api_pb2_grpc
from svclab.client import errors
from svclab.client.credentials import Credentials
from svclab.client.joining import credentials_of, join_token
from svclab.client.keys import new_key, signing_request


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    yield Authority.load_or_create(tmp_path / "pki", "lab")


@asynccontextmanager
async def serving(authority: Authority, folder: Path) -> AsyncIterator[str]:
    """The address of a guarded server."""
    server = grpc.aio.server(interceptors=(Guard(lambda *_: None, lambda _: "", AuditLog(folder / "audit.log")),))
    api_pb2_grpc.add_CertificatesServicer_to_server(CertificatesServicer(authority), server)
    own = authority.issue(Identity("system:apiserver"), NODE_LIFE, addresses=("127.0.0.1",))
    port = server.add_secure_port(
        "127.0.0.1:0",
        grpc.ssl_server_credentials([(own.key, own.certificate)], authority.pem, require_client_auth=True),
    )
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


@asynccontextmanager
async def channel(
    authority: Authority, folder: Path, credentials: grpc.ChannelCredentials
) -> AsyncIterator[grpc.aio.Channel]:
    async with serving(authority, folder) as address, grpc.aio.secure_channel(address, credentials) as opened:
        yield opened


async def sign(channel: grpc.aio.Channel, node_name: str = "") -> api_pb2.SignResponse:
    request = api_pb2.SignRequest(request=signing_request(new_key()), node=node_name)
    answer: api_pb2.SignResponse = await api_pb2_grpc.CertificatesStub(channel).Sign(request, timeout=5)
    return answer


async def test_a_client_says_that_the_server_is_another(authority: Authority, tmp_path: Path) -> None:
    other = Authority.load_or_create(tmp_path / "other", "lab").issue(ADMIN, NODE_LIFE)
    async with serving(authority, tmp_path) as address:
        with pytest.raises(errors.Stranger, match=f"^what answers at {address} is not the cluster of these cred"):
            await join_token(address, other)


async def refusal(authority: Authority, folder: Path, credentials: grpc.ChannelCredentials, node_name: str = "") -> str:
    async with channel(authority, folder, credentials) as opened:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await sign(opened, node_name)
    return f"{caught.value.code().name}: {caught.value.details()}"


async def test_a_join_token_becomes_the_certificate_of_a_node(authority: Authority, tmp_path: Path) -> None:
    token = authority.issue(joiner("node-4"), timedelta(minutes=15)).for_channel()
    async with channel(authority, tmp_path, token) as opened:
        answer = await sign(opened, "node-4")
    assert of_certificate(answer.certificate) == node("node-4")
    assert answer.authority == authority.pem


async def test_a_node_renews_its_own_certificate(authority: Authority, tmp_path: Path) -> None:
    own = authority.issue(node("node-1"), NODE_LIFE).for_channel()
    async with channel(authority, tmp_path, own) as opened:
        assert of_certificate((await sign(opened)).certificate) == node("node-1")


async def test_a_node_that_speaks_for_another_is_refused_and_written_down(authority: Authority, tmp_path: Path) -> None:
    own = authority.issue(node("node-1"), NODE_LIFE).for_channel()
    text = await refusal(authority, tmp_path, own, "node-2")
    assert text == ('PERMISSION_DENIED: forbidden: User "system:node:node-1" cannot sign certificates "node-2"')
    line = json.loads((tmp_path / "audit.log").read_text())
    assert (line["user"], line["action"]) == ("system:node:node-1", 'sign certificates "node-2"')
    assert (tmp_path / "audit.log").stat().st_mode & 0o777 == 0o600


async def test_no_certificate_is_refused(authority: Authority, tmp_path: Path) -> None:
    nobody = grpc.ssl_channel_credentials(authority.pem)
    assert (await refusal(authority, tmp_path, nobody)).startswith("UNAVAILABLE")


async def test_a_foreign_authority_is_refused(authority: Authority, tmp_path: Path) -> None:
    foreign = Authority.load_or_create(tmp_path / "foreign", "other").issue(ADMIN, NODE_LIFE)
    stranger = Credentials(authority.pem, foreign.certificate, foreign.key).for_channel()
    assert (await refusal(authority, tmp_path, stranger)).startswith("UNAVAILABLE")


async def test_an_expired_certificate_is_refused(authority: Authority, tmp_path: Path) -> None:
    past = datetime.now(UTC) - timedelta(days=2)
    old = authority.issue(node("node-1"), timedelta(days=1), now=past).for_channel()
    assert (await refusal(authority, tmp_path, old)).startswith("UNAVAILABLE")


async def test_a_node_joins_with_a_token_that_comes_later_and_rejoins_when_its_certificate_has_ended(
    authority: Authority, tmp_path: Path
) -> None:
    own, token = tmp_path / "own", tmp_path / "token"
    long_ago = datetime.now(UTC) - timedelta(days=30)
    authority.issue(node("node-1"), NODE_LIFE, now=long_ago).save(own)
    async with serving(authority, tmp_path) as address:
        joining = asyncio.create_task(credentials_of(address, own, token, "node-1"))
        authority.issue(joiner(), timedelta(minutes=15)).save(token)
        joined = await joining
        assert of_certificate(joined.certificate) == node("node-1")
        assert await credentials_of(address, own, None, "node-1") == joined
    assert (own / "client.key").stat().st_mode & 0o777 == 0o600

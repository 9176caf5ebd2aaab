"""How a program over TCP gets its certificate with a join token, and keeps it fresh.

A join token is a folder like any other credentials, whose certificate lives for minutes and may only ask for another.
"""

import asyncio
import logging
from pathlib import Path

from protos import api_pb2
from svclab.client import errors
from svclab.client.client import Client
from svclab.client.credentials import CERTIFICATE_FILE, Credentials
from svclab.client.keys import new_key, renewal_due, seconds_left, signing_request
from svclab.client.target import Target
from svclab.client.transport import GrpcTransport

SIGN = "/svclab.api.v1.Certificates/Sign"
TIMEOUT = 10.0  # seconds, of one call
PATIENCE = 0.05  # seconds between two looks for a token that is not there yet, or a server that does not answer
RETRY_RENEWAL = 60.0  # seconds; a certificate is renewed long before its end

log = logging.getLogger(__name__)


async def credentials_of(address: str, folder: Path, token: Path | None, node: str) -> Credentials:
    """The credentials in `folder`, or new ones for `node`, got with the join token in the folder `token`.

    Waits for a token that is written later and for a server that starts later. Raises ApiError if the server refuses.
    """
    while not _usable(folder):
        if token is not None and (token / CERTIFICATE_FILE).exists():
            try:
                (await _signed(address, Credentials.load(token), node)).save(folder)
                break
            except errors.Unreachable as error:
                log.info("waiting for the API server", extra={"error": str(error)})
        await asyncio.sleep(PATIENCE)
    return Credentials.load(folder)


def _usable(folder: Path) -> bool:
    return (folder / CERTIFICATE_FILE).exists() and seconds_left((folder / CERTIFICATE_FILE).read_bytes()) > 0


async def keep_fresh(client: Client, address: str, folder: Path) -> None:
    """Renews the certificate in `folder` when two thirds of its life are over, and hands it to `client`."""
    while True:
        own = Credentials.load(folder)
        await asyncio.sleep(max(0.0, renewal_due(own.certificate)))
        try:
            renewed = await _signed(address, own, "")
        except errors.ApiError as error:
            log.warning("certificate not renewed", extra={"error": str(error)})
            await asyncio.sleep(RETRY_RENEWAL)
            continue
        renewed.save(folder)
        client.renew(Target.parse(address, renewed.for_channel()))
        log.info("certificate renewed")


async def join_token(address: str, own: Credentials, node: str = "") -> Credentials:
    """A join token for one node, or for any; `own` must be an administrator's. Raises ApiError."""
    return await _signed(address, own, node, join_token=True)


async def _signed(address: str, own: Credentials, node: str, *, join_token: bool = False) -> Credentials:
    key = new_key()
    transport = GrpcTransport(Target.parse(address, own.for_channel()))
    try:
        request = api_pb2.SignRequest(request=signing_request(key), node=node, joinToken=join_token)
        answer = await transport.unary(SIGN, request, api_pb2.SignResponse, TIMEOUT)
    finally:
        await transport.close()
    return Credentials(answer.authority, answer.certificate, key)

"""The server for callers over TCP: mutual TLS, a Guard before every method, and the Certificates service."""

import socket
from typing import Any

import grpc.aio

from apiserver.config import Config
from apiserver.registry.keys import object_key
from apiserver.security.audit import AuditLog
from apiserver.security.authority import Authority
from apiserver.security.bundles import Bundles
from apiserver.security.certificates import CertificatesServicer
from apiserver.security.guard import Guard
from apiserver.security.rules import Find
from apiserver.security.serving import ServingCertificate
from apiserver.server.front import make_server
from apiserver.server.node_streams import NodeStreams
from apiserver.store import Store
from protos import api_pb2_grpc
from protos.kinds import BY_RESOURCE

LOCAL_ADDRESSES = ("localhost", "127.0.0.1", "::1")


class SecureServer:
    """A server that is bound to the config's `listen` address, and the credentials folders beside it.

    Raises OSError where the address or a folder cannot be used, ValueError for an unknown role.
    """

    def __init__(
        self,
        config: Config,
        store: Store,
        nodes: NodeStreams,
        api: api_pb2_grpc.ApiServicer,
        streams: api_pb2_grpc.NodeStreamsServicer,
    ) -> None:
        authority = Authority.load_or_create(config.state_dir / "pki", config.cluster_name)
        self.bundles = Bundles(authority, config.bundles)
        self.bundles.refresh()
        guard = Guard(objects_of(store), nodes.node_of, AuditLog(config.state_dir / "audit.log"))
        self.server = make_server(api, streams, CertificatesServicer(authority), interceptors=(guard,))
        bind(self.server, config.listen, ServingCertificate(authority, addresses(config)).credentials())


def bind(server: grpc.aio.Server, address: str, credentials: grpc.ServerCredentials) -> None:
    """Raises OSError with the address that cannot be listened on."""
    try:
        server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise OSError(f"cannot listen on {address}: is the port taken, and the address this machine's?") from error


def addresses(config: Config) -> tuple[str, ...]:
    """What callers may call this server: names and addresses in its certificate."""
    host = config.listen.rpartition(":")[0].strip("[]")
    own = () if host in ("", "0.0.0.0", "::") else (host,)
    return tuple(dict.fromkeys((*LOCAL_ADDRESSES, socket.gethostname(), *own, *config.addresses)))


def objects_of(store: Store) -> Find:
    """Finds what is stored."""

    def find(resource: str, namespace: str, name: str) -> Any:
        kind = BY_RESOURCE[resource]
        stored = store.get(object_key(kind, namespace, name))
        return kind.message.FromString(stored.value) if stored else None

    return find

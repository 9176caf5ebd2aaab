"""The gRPC server: what it offers, its limits, and the socket that it answers on."""

import os
import socket
from collections.abc import Sequence
from pathlib import Path

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from protos import api_pb2, api_pb2_grpc

MAX_REQUEST_BYTES = 3 * 1024 * 1024
STOP_SECONDS = 0.2  # what calls get to finish; streams never would

OPTIONS = (
    ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_concurrent_streams", 1000),
    ("grpc.max_metadata_size", 64 * 1024),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.so_reuseport", 0),
)


class SocketInUse(Exception):
    """The path is taken: by another server, or by something that is no socket."""


def make_server(
    api: api_pb2_grpc.ApiServicer,
    streams: api_pb2_grpc.NodeStreamsServicer,
    certificates: api_pb2_grpc.CertificatesServicer | None = None,
    interceptors: Sequence[grpc.aio.ServerInterceptor] = (),  # type: ignore[type-arg]  # generic in the stubs alone
) -> grpc.aio.Server:
    """A server that listens nowhere yet. Belongs to the running event loop."""
    server = grpc.aio.server(options=OPTIONS, interceptors=interceptors)
    api_pb2_grpc.add_ApiServicer_to_server(api, server)
    api_pb2_grpc.add_NodeStreamsServicer_to_server(streams, server)
    checks = health.aio.HealthServicer()  # type: ignore[attr-defined]  # imported under a condition there
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    if certificates is not None:
        api_pb2_grpc.add_CertificatesServicer_to_server(certificates, server)
    offered = ("Api", "NodeStreams", "Certificates") if certificates else ("Api", "NodeStreams")
    services = [api_pb2.DESCRIPTOR.services_by_name[name].full_name for name in offered]
    names = [*services, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name, reflection.SERVICE_NAME]
    reflection.enable_server_reflection(names, server)
    return server


def listen(server: grpc.aio.Server, path: Path) -> None:
    """Binds the server to a Unix socket for its owner alone. Raises SocketInUse, OSError.

    What a dead server left there is replaced. Missing folders are made, for their owner alone too.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists() and not path.is_socket():
        raise SocketInUse(f"{path}: there is something else than a socket; choose another path")
    if is_answering(path):
        raise SocketInUse(f"{path}: another API server answers there; stop it first")
    path.unlink(missing_ok=True)
    mask = os.umask(0o177)
    try:
        server.add_insecure_port(f"unix:{path}")
    finally:
        os.umask(mask)


def is_answering(path: Path) -> bool:
    """Whether some process accepts connections on the Unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(os.fspath(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True

"""The sockets that the server listens on: UDP and TCP on one port, for IPv4 and IPv6 apart."""

import errno
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from typing import NamedTuple

from cluster_dns.config import Endpoint

_NO_IPV6 = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)


class Pair(NamedTuple):
    """Both sockets of one address."""

    udp: socket.socket
    tcp: socket.socket


def bind(endpoint: Endpoint) -> Iterator[Pair]:
    """The bound sockets; for all addresses those of IPv6 too, if the machine has it.

    Raises OSError that names the address.
    """
    if endpoint.host:
        family = socket.AF_INET if ip_address(endpoint.host).version == 4 else socket.AF_INET6
        yield _pair(family, endpoint.host, endpoint.port)
        return
    ipv4 = _pair(socket.AF_INET, "0.0.0.0", endpoint.port)
    yield ipv4
    try:
        yield _pair(socket.AF_INET6, "::", ipv4.udp.getsockname()[1])
    except OSError as error:
        if error.errno not in _NO_IPV6:
            raise


def address_of(sock: socket.socket) -> str:
    """host:port that the socket is bound to."""
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if sock.family == socket.AF_INET6 else f"{host}:{port}"


def _pair(family: socket.AddressFamily, host: str, port: int) -> Pair:
    udp = _bound(family, socket.SOCK_DGRAM, host, port)
    try:
        return Pair(udp, _bound(family, socket.SOCK_STREAM, host, udp.getsockname()[1]))
    except OSError:
        udp.close()
        raise


def _bound(family: socket.AddressFamily, kind: socket.SocketKind, host: str, port: int) -> socket.socket:
    sock = socket.socket(family, kind)
    try:
        if kind == socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise OSError(error.errno, f"cannot listen on {host} port {port}: {error.strerror}") from error
    return sock

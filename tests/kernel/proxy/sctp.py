"""The first two packets of an SCTP association, by hand: many kernels translate SCTP, but have no sockets for it.

RFC 9260: the common header (3.1), INIT and INIT ACK (3.3.2, 3.3.3), and the checksum CRC32c (6.8), which conntrack asks
for. Raw sockets carry them. A server tells its name and the client's address in the state cookie of its answer.
"""

import contextlib
import os
import socket
import struct
import threading

from svclab.trace.programs.probe import crc32c

IPPROTO_SCTP = 132
HEADER, INIT = struct.Struct("!HHII"), struct.Struct("!IIHHI")
INIT_CHUNK, INIT_ACK_CHUNK, STATE_COOKIE = 1, 2, 7


def packet(source: int, destination: int, tag: int, kind: int, cookie: bytes = b"") -> bytes:
    """A packet with one chunk, INIT or INIT ACK. `tag`: the verification tag, 0 for INIT."""
    parameter = struct.pack("!HH", STATE_COOKIE, 4 + len(cookie)) + cookie if cookie else b""
    body = INIT.pack(1, 65536, 1, 1, 1) + parameter
    chunk = struct.pack("!BBH", kind, 0, 4 + len(body)) + body + bytes(-len(body) % 4)
    checksum = crc32c(HEADER.pack(source, destination, tag, 0) + chunk)
    return HEADER.pack(source, destination, tag, int.from_bytes(checksum.to_bytes(4, "little"))) + chunk


def raw_socket(family: int) -> socket.socket:
    """In the network namespace of the calling thread."""
    return socket.socket(family, socket.SOCK_RAW, IPPROTO_SCTP)


def serve(server: socket.socket, port: int, name: str) -> None:
    """Answers each INIT for the port, from a thread of its own, until the socket is shut down."""
    threading.Thread(target=_answer, args=(server, port, name), daemon=True).start()


def _answer(server: socket.socket, port: int, name: str) -> None:
    with contextlib.suppress(OSError):
        while True:
            data, address = server.recvfrom(4096)
            source, destination, _, kind = _read(server, data)
            if (destination, kind) == (port, INIT_CHUNK):
                cookie = f"{name} {address[0]}".encode()
                server.sendto(packet(port, source, 1, INIT_ACK_CHUNK, cookie), (address[0], 0))


def ask(address: str, port: int, patience: float, source: int = 0) -> str:
    """What comes back for an INIT: "NAME CLIENT" of its INIT ACK, "refused" or "silence"."""
    source = source or 20000 + int.from_bytes(os.urandom(2)) % 40000
    with raw_socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as client:
        client.settimeout(patience)
        client.connect((address, 0))
        client.send(packet(source, port, 0, INIT_CHUNK))
        try:
            while True:
                data = client.recv(4096)
                sender, receiver, payload, kind = _read(client, data)
                if (sender, receiver, kind) == (port, source, INIT_ACK_CHUNK):
                    return payload.rstrip(b"\0").decode()
        except TimeoutError:
            return "silence"
        except (ConnectionRefusedError, PermissionError):
            return "refused"


def _read(of: socket.socket, data: bytes) -> tuple[int, int, bytes, int]:
    """Both ports, the cookie and the kind of chunk. Only IPv4 hands out its header as well."""
    if of.family == socket.AF_INET:
        data = data[(data[0] & 0xF) * 4 :]
    source, destination, _, _ = HEADER.unpack_from(data)
    return source, destination, data[HEADER.size + 4 + INIT.size + 4 :], data[HEADER.size]

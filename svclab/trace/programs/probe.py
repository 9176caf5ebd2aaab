"""Runs where a client is: sends the first packet of each connection or datagram in argv[1], prints what came of it.

argv: a JSON list of {"id", "protocol", "host", "port", "resolve"}, and the seconds to wait for answers. Nothing waits
for an answer before the next is sent, but a burst would overrun the buffers of those who watch: they go PAUSE apart.
The answers are a JSON list of {"id", "outcome", "source", "destination", "addresses", "canonical"}.

An SCTP association's first packet is made here and sent by a raw socket, which needs CAP_NET_RAW: few kernels have
sockets for SCTP, and none is needed on its way.
"""

import errno
import json
import random
import selectors
import socket
import struct
import sys
import time
from typing import Any

MARK = 0x35 << 2  # the code point of observe.py in its place in the byte
IPV6_TCLASS = 67
SCTP = 132
PAUSE = 0.001  # seconds
KINDS = {"TCP": (socket.SOCK_STREAM, 0), "UDP": (socket.SOCK_DGRAM, 0), "SCTP": (socket.SOCK_RAW, SCTP)}
SCTP_HEADER, INIT, ABORT = struct.Struct("!HHII"), 1, 6  # RFC 9260, 3.1 and 3.2
CASTAGNOLI = 0x82F63B78  # the polynomial of SCTP's checksum, reflected
EPHEMERAL = (32768, 60999)  # Linux' range of ports
OUTCOMES = {
    0: "answered",
    errno.ETIMEDOUT: "silent",
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "refused",
    errno.EPERM: "blocked",  # by the rules of this very machine, whether they refuse or drop
    errno.ENOPROTOOPT: "unspoken",  # no such protocol at the endpoint; ICMP says so,
    errno.EPROTO: "unspoken",  # and ICMPv6
}

Row = dict[str, Any]


def resolve(row: Row, answer: Row) -> str:
    """The address to send to; "" where the name has none. Asks as every program does: through libc."""
    if not row["resolve"]:
        return str(row["host"])
    try:
        found = socket.getaddrinfo(row["host"], row["port"], type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME)
    except OSError as error:
        answer["outcome"] = "unresolved"
        answer["error"] = str(error)
        return ""
    answer["addresses"] = sorted({str(item[4][0]) for item in found})
    answer["canonical"] = found[0][3]
    return str(found[0][4][0])


def send(row: Row, address: str, answer: Row) -> socket.socket | None:
    """A socket whose first packet is on its way; None where that failed at once."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind, protocol = KINDS[row["protocol"]]
    try:
        sock = socket.socket(family, kind, protocol)
    except PermissionError:
        sys.exit(f"{row['protocol']} needs a raw socket, which this user may not have (CAP_NET_RAW)")
    sock.setblocking(False)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_TCLASS, MARK)
    else:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, MARK)
    answer["destination"] = address
    code = sock.connect_ex((address, 0 if kind == socket.SOCK_RAW else row["port"]))
    if code in (0, errno.EINPROGRESS):
        answer["source"] = list(sock.getsockname()[:2])
        if kind == socket.SOCK_RAW:
            answer["source"][1] = random.randint(*EPHEMERAL)
        if kind != socket.SOCK_STREAM:
            code = first_packet(sock, answer["source"][1], row["port"])
    if code in (0, errno.EINPROGRESS):
        return sock
    answer["outcome"] = outcome(code)
    sock.close()
    return None


def first_packet(sock: socket.socket, source: int, destination: int) -> int:
    """Sends what no connection sends of itself; the error, or 0."""
    try:
        sock.send(sctp_init(source, destination) if sock.type == socket.SOCK_RAW else b"hostname\n")
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def sctp_init(source: int, destination: int) -> bytes:
    """A packet with an INIT chunk: one stream each way, a window of 64 KiB."""
    chunk = struct.pack("!BBHIIHHI", INIT, 0, 20, random.getrandbits(32) or 1, 65536, 1, 1, 1)
    checksum = crc32c(SCTP_HEADER.pack(source, destination, 0, 0) + chunk)
    return SCTP_HEADER.pack(source, destination, 0, int.from_bytes(struct.pack("<I", checksum), "big")) + chunk


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ CASTAGNOLI * (crc & 1)
    return crc ^ 0xFFFFFFFF


def outcome(code: int) -> str:
    return OUTCOMES.get(code, "unreachable")


def result_of(sock: socket.socket, port: int) -> int | None:
    """The error that a socket got, 0 for an answer; None where it was not for `port`, as a raw socket gets others'."""
    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code or sock.type == socket.SOCK_STREAM:
        return code
    try:
        data = sock.recv(65536)
    except OSError as error:
        return error.errno or errno.EIO
    return 0 if sock.type == socket.SOCK_DGRAM else sctp_result(sock, data, port)


def sctp_result(sock: socket.socket, data: bytes, port: int) -> int | None:
    """The same of a packet that a raw socket got, which over IPv4 has its IP header before it."""
    begin = (data[0] & 0xF) * 4 if sock.family == socket.AF_INET else 0
    if int.from_bytes(data[begin + 2 : begin + 4], "big") != port:
        return None
    return errno.ECONNREFUSED if data[begin + SCTP_HEADER.size] == ABORT else 0


def run(rows: list[Row], patience: float) -> list[Row]:
    answers: list[Row] = [{"id": row["id"], "outcome": "silent"} for row in rows]
    with selectors.DefaultSelector() as selector:
        for row, answer in zip(rows, answers, strict=True):
            address = resolve(row, answer)
            sock = send(row, address, answer) if address else None
            time.sleep(PAUSE)
            if sock is not None:
                event = selectors.EVENT_WRITE if sock.type == socket.SOCK_STREAM else selectors.EVENT_READ
                selector.register(sock, event, answer)
        end = time.monotonic() + patience
        while selector.get_map() and (left := end - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                ready = key.fileobj
                assert isinstance(ready, socket.socket)
                code = result_of(ready, key.data["source"][1])
                if code is not None:
                    key.data["outcome"] = outcome(code)
                    selector.unregister(ready)
                    ready.close()
    return answers


if __name__ == "__main__":
    print(json.dumps(run(json.loads(sys.argv[1]), float(sys.argv[2]))))

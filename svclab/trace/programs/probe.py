"""Runs where a client is: sends the first packet of each connection or datagram in argv[1], prints what came of it.

argv: a JSON list of {"id", "protocol", "host", "port", "resolve"}, and the seconds to wait for answers. Nothing waits
for an answer before the next is sent, but a burst would overrun the buffers of those who watch: they go PAUSE apart.
The answers are a JSON list of {"id", "outcome", "source", "destination", "addresses", "canonical"}.
"""

import errno
import json
import selectors
import socket
import sys
import time
from typing import Any

MARK = 0x35 << 2  # the code point of observe.py in its place in the byte
IPV6_TCLASS = 67
SCTP = 132
PAUSE = 0.001  # seconds
KINDS = {"TCP": (socket.SOCK_STREAM, 0), "UDP": (socket.SOCK_DGRAM, 0), "SCTP": (socket.SOCK_STREAM, SCTP)}
OUTCOMES = {
    0: "answered",
    errno.ETIMEDOUT: "silent",
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "refused",
    errno.EPERM: "blocked",  # by the rules of this very machine, whether they refuse or drop
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
    sock = socket.socket(family, kind, protocol)
    sock.setblocking(False)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_TCLASS, MARK)
    else:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, MARK)
    answer["destination"] = address
    code = sock.connect_ex((address, row["port"]))
    if code in (0, errno.EINPROGRESS):
        answer["source"] = list(sock.getsockname()[:2])
        code = first_datagram(sock) if kind == socket.SOCK_DGRAM else code
    if code in (0, errno.EINPROGRESS):
        return sock
    answer["outcome"] = outcome(code)
    sock.close()
    return None


def first_datagram(sock: socket.socket) -> int:
    try:
        sock.send(b"hostname\n")
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def outcome(code: int) -> str:
    return OUTCOMES.get(code, "unreachable")


def result_of(sock: socket.socket) -> int:
    """The error that a socket got, 0 for an answer."""
    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code == 0 and sock.type == socket.SOCK_DGRAM:
        try:
            sock.recv(65536)
        except OSError as error:
            return error.errno or errno.EIO
    return code


def run(rows: list[Row], patience: float) -> list[Row]:
    answers: list[Row] = [{"id": row["id"], "outcome": "silent"} for row in rows]
    with selectors.DefaultSelector() as selector:
        for row, answer in zip(rows, answers, strict=True):
            address = resolve(row, answer)
            sock = send(row, address, answer) if address else None
            time.sleep(PAUSE)
            if sock is not None:
                event = selectors.EVENT_READ if sock.type == socket.SOCK_DGRAM else selectors.EVENT_WRITE
                selector.register(sock, event, answer)
        end = time.monotonic() + patience
        while selector.get_map() and (left := end - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                ready = key.fileobj
                assert isinstance(ready, socket.socket)
                key.data["outcome"] = outcome(result_of(ready))
                selector.unregister(ready)
                ready.close()
    return answers


if __name__ == "__main__":
    print(json.dumps(run(json.loads(sys.argv[1]), float(sys.argv[2]))))

"""Runs in a node while probes are sent: which chains their first packets pass there, and what conntrack makes of them.

Marked packets (Differentiated Services code point, RFC 2474: it survives every translation of addresses) are traced by
a table of this program's own, which the kernel removes with the process. Prints "ready" when it sees packets, and
after the end of stdin one JSON list of what it saw: a row each for a packet, as in `Packet`.
"""

import ctypes
import itertools
import json
import os
import select
import socket
import struct
import sys
from collections.abc import Iterator
from ctypes.util import find_library
from typing import Any

MARK = 0x35  # the code point; of the pool for experiments and local use
NETLINK_NETFILTER, SOL_NETLINK, ADD_MEMBERSHIP = 12, 270, 1
NFTRACE_GROUP, TRACE_MESSAGE = 9, 10 << 8 | 17  # NFNLGRP_NFTRACE; NFNL_SUBSYS_NFTABLES, NFT_MSG_TRACE
CONNTRACK_GROUP, CONNTRACK_NEW = 1, 1 << 8  # NFNLGRP_CONNTRACK_NEW; NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW
SO_RCVBUFFORCE = 33
VERDICTS = {0: "drop", 1: "accept", 0xFFFFFFFF: "continue", 0xFFFFFFFE: "break"}
VERDICTS |= {0xFFFFFFFD: "jump", 0xFFFFFFFC: "goto", 0xFFFFFFFB: "return"}
SOURCE_NAT, DESTINATION_NAT = 0x10, 0x20  # of CTA_STATUS

Attributes = dict[int, bytes]
Tuple = tuple[int, str, int, str, int]  # protocol, source and port, destination and port


def rules(table: str) -> str:
    """The table that marks packets for tracing: of a connection the first alone."""
    first = (
        "meta l4proto tcp tcp flags & (syn | ack) == syn meta nftrace set 1; meta l4proto != tcp meta nftrace set 1;"
    )
    chains = "".join(
        f"chain {hook} {{ type filter hook {hook} priority -450; "
        f"ip dscp {MARK} jump traced; ip6 dscp {MARK} jump traced; }}\n"
        for hook in ("prerouting", "output")
    )
    return f"table inet {table} {{ flags owner; chain traced {{ {first} }}\n{chains} }}"


class Nftables:
    """libnftables; its table lives as long as the process."""

    def __init__(self, commands: str) -> None:
        library = ctypes.CDLL(find_library("nftables") or "libnftables.so.1")
        library.nft_ctx_new.restype = ctypes.c_void_p
        library.nft_ctx_buffer_error.argtypes = library.nft_ctx_get_error_buffer.argtypes = [ctypes.c_void_p]
        library.nft_ctx_get_error_buffer.restype = ctypes.c_char_p
        library.nft_run_cmd_from_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        self._context = library.nft_ctx_new(0)
        library.nft_ctx_buffer_error(self._context)
        if library.nft_run_cmd_from_buffer(self._context, commands.encode()):
            raise OSError(library.nft_ctx_get_error_buffer(self._context).decode().split("\n")[0])


def attributes(data: bytes) -> Attributes:
    """Netlink's attributes, by type."""
    found, at = {}, 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        found[kind & 0x3FFF] = data[at + 4 : at + length]
        at += max(4, (length + 3) & ~3)
    return found


def messages(data: bytes) -> list[tuple[int, bytes]]:
    """(type, what follows the nfgenmsg) of each message."""
    found, at = [], 0
    while at + 16 <= len(data):
        length, kind = struct.unpack_from("=IH", data, at)
        found.append((kind, data[at + 20 : at + length]))
        at += (length + 3) & ~3
    return found


def flow_of(network: bytes, transport: bytes) -> Tuple:
    """Protocol, addresses and ports, from a packet's headers."""
    source_port, destination_port = struct.unpack_from("!HH", transport)
    if network[0] >> 4 == 4:
        family, protocol, source, destination = socket.AF_INET, network[9], network[12:16], network[16:20]
    else:
        family, protocol, source, destination = socket.AF_INET6, network[6], network[8:24], network[24:40]
    return (
        protocol,
        socket.inet_ntop(family, source),
        source_port,
        socket.inet_ntop(family, destination),
        destination_port,
    )


class Packets:
    """The packets seen, by the number that the kernel gives each while it is traced."""

    def __init__(self, table: str) -> None:
        self._table = table
        self.rows: list[dict[str, Any]] = []
        self._open: dict[bytes, dict[str, Any]] = {}

    def take(self, found: Attributes) -> None:
        """One trace message: a rule that matched, or the end of a chain."""
        number, table, chain = found[6], text(found.get(1)), text(found.get(2))
        if 8 in found and 9 in found and table == self._table:
            self._open[number] = {"flow": flow_of(found[8], found[9]), "chains": [], "dropped": ""}
            self.rows.append(self._open[number])
        row = self._open.get(number)
        if row is None or table == self._table:
            return
        verdict = attributes(found[5]) if 5 in found else {}
        code = VERDICTS.get(struct.unpack("!I", verdict[1])[0], "") if 1 in verdict else ""
        if not row["chains"] or row["chains"][-1] != f"{table} {chain}":
            row["chains"].append(f"{table} {chain}")
        if code == "drop" and is_decision(found):
            row["dropped"] = chain


def text(data: bytes | None) -> str:
    return data.rstrip(b"\0").decode() if data else ""


def is_decision(found: Attributes) -> bool:
    """Whether a rule says the verdict; a chain's policy is repeated in a message of another type."""
    return struct.unpack("!I", found[4])[0] in (1, 3)


def entry_of(found: Attributes) -> tuple[Tuple, dict[str, Any]]:
    """A new conntrack entry: the flow as it came, and who answers whom."""
    flow = ends(found[1])
    _, answerer, answer_port, client, client_port = ends(found[2])
    status = struct.unpack("!I", found[3])[0]
    return flow, {
        "answers": (answerer, answer_port),
        "to": (client, client_port),
        "source_translated": bool(status & SOURCE_NAT),
        "destination_translated": bool(status & DESTINATION_NAT),
    }


def ends(nested: bytes) -> Tuple:
    """A tuple of conntrack: CTA_TUPLE_IP and CTA_TUPLE_PROTO."""
    found = attributes(nested)
    addresses, ports = attributes(found[1]), attributes(found[2])
    family, first = (socket.AF_INET, 1) if 1 in addresses else (socket.AF_INET6, 3)
    source, destination = (socket.inet_ntop(family, addresses[kind]) for kind in (first, first + 1))
    source_port, destination_port = (struct.unpack("!H", ports.get(kind, b"\0\0"))[0] for kind in (2, 3))
    return ports[1][0], source, source_port, destination, destination_port


def make_room(sock: socket.socket) -> None:
    """For bursts of messages; root of a user namespace alone gets only what the machine allows."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)


def watch(sock: socket.socket) -> list[bytes]:
    """What the kernel says until stdin ends, and all that was sent before it has been read.

    It is read as fast as it comes and understood afterwards: what is not read in time is lost.
    """
    sock.setblocking(False)
    taken: list[bytes] = []
    ended = False
    while not ended:
        ready, _, _ = select.select([sock, sys.stdin], (), ())
        ended = sys.stdin in ready
        taken += waiting(sock)
    return taken


def waiting(sock: socket.socket) -> Iterator[bytes]:
    try:
        while True:
            yield sock.recv(1 << 16)
    except BlockingIOError:
        return


def understood(table: str, taken: list[bytes]) -> list[dict[str, Any]]:
    """The packets seen, each with the conntrack entry made for it."""
    packets, entries = Packets(table), dict[Tuple, Any]()
    for kind, data in itertools.chain.from_iterable(map(messages, taken)):
        if kind == TRACE_MESSAGE:
            packets.take(attributes(data))
        elif kind == CONNTRACK_NEW:
            flow, entry = entry_of(attributes(data))
            entries[flow] = entry
    return [row | {"entry": entries.get(row["flow"])} for row in packets.rows]


def main() -> None:
    table = f"svclab-trace-{os.getpid()}"
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as sock:
        make_room(sock)
        sock.bind((0, 0))
        for group in (NFTRACE_GROUP, CONNTRACK_GROUP):
            sock.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, group)
        nftables = Nftables(rules(table))
        print("ready", flush=True)
        taken = watch(sock)
        del nftables
    print(json.dumps(understood(table, taken)))


if __name__ == "__main__":
    main()

"""The kernel's conntrack table of this network namespace, over netlink (linux/netfilter/nfnetlink_conntrack.h).

Our own few messages, since a table may hold 100,000 flows and a general library decodes everything of each.
"""

import os
import socket
import struct
from collections.abc import Iterable, Iterator
from socket import AF_INET, AF_INET6, AF_NETLINK, IPPROTO_UDP, SOCK_RAW, inet_ntop, inet_pton

from node_agent.conntrack.flows import Flow

NETLINK_NETFILTER = 12
CONNTRACK_GET, CONNTRACK_DELETE = 0x101, 0x102  # subsystem conntrack, and its commands
REQUEST, ACK, DUMP = 0x1, 0x4, 0x300
ERROR, DONE = 2, 3
HEADER, FAMILY, ATTRIBUTE = struct.Struct("=IHHII"), struct.Struct("=BBH"), struct.Struct("=HH")
NESTED, KIND = 0x8000, 0x3FFF
RECEIVE_BUFFER = 1 << 18  # bytes

TUPLE_ORIGINAL, TUPLE_REPLY, FILTER = 1, 2, 25
TUPLE_ADDRESSES, TUPLE_PROTOCOL = 1, 2
PROTOCOL_NUMBER, SOURCE_PORT, DESTINATION_PORT = 1, 2, 3
SOURCE: dict[int, int] = {AF_INET: 1, AF_INET6: 3}
DESTINATION: dict[int, int] = {AF_INET: 2, AF_INET6: 4}
FILTER_ORIGINAL, BY_PROTOCOL = 1, 1 << 3

Attributes = dict[int, memoryview]


class KernelConntrack:
    """Opens a socket for each use: the proxy asks seldom."""

    def udp_flows(self) -> list[Flow]:
        flows: list[Flow] = []
        with _open() as link:
            for family in (AF_INET, AF_INET6):
                link.send(_message(CONNTRACK_GET, REQUEST | DUMP, family, _only_udp()))
                flows += filter(None, (_flow(family, body) for body in _answers(link)))
        return flows

    def delete(self, flows: Iterable[Flow]) -> None:
        with _open() as link:
            for flow in flows:
                family = AF_INET6 if ":" in flow.destination else AF_INET
                link.send(_message(CONNTRACK_DELETE, REQUEST | ACK, family, _original(flow, family)))
                try:
                    list(_answers(link))
                except FileNotFoundError:
                    continue  # it ended by itself


def _open() -> socket.socket:
    link = socket.socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER)
    link.bind((0, 0))
    return link


def _message(kind: int, flags: int, family: int, body: bytes) -> bytes:
    return HEADER.pack(HEADER.size + FAMILY.size + len(body), kind, flags, 0, 0) + FAMILY.pack(family, 0, 0) + body


def _attribute(kind: int, value: bytes) -> bytes:
    return ATTRIBUTE.pack(ATTRIBUTE.size + len(value), kind) + value + bytes(-len(value) % 4)


def _only_udp() -> bytes:
    protocol = _attribute(PROTOCOL_NUMBER, bytes([IPPROTO_UDP]))
    original = _attribute(TUPLE_ORIGINAL | NESTED, _attribute(TUPLE_PROTOCOL | NESTED, protocol))
    return original + _attribute(FILTER | NESTED, _attribute(FILTER_ORIGINAL, struct.pack("=I", BY_PROTOCOL)))


def _original(flow: Flow, family: int) -> bytes:
    addresses = _attribute(SOURCE[family], inet_pton(family, flow.source))
    addresses += _attribute(DESTINATION[family], inet_pton(family, flow.destination))
    protocol = _attribute(PROTOCOL_NUMBER, bytes([IPPROTO_UDP]))
    protocol += _attribute(SOURCE_PORT, struct.pack("!H", flow.source_port))
    protocol += _attribute(DESTINATION_PORT, struct.pack("!H", flow.destination_port))
    both = _attribute(TUPLE_ADDRESSES | NESTED, addresses) + _attribute(TUPLE_PROTOCOL | NESTED, protocol)
    return _attribute(TUPLE_ORIGINAL | NESTED, both)


def _answers(link: socket.socket) -> Iterator[memoryview]:
    """The bodies of an answer's messages, to its end. Raises OSError where the kernel says no."""
    while True:
        data = memoryview(link.recv(RECEIVE_BUFFER))
        while data:
            length, kind, _, _, _ = HEADER.unpack_from(data)
            if kind == DONE:
                return
            if kind == ERROR:
                (code,) = struct.unpack_from("=i", data, HEADER.size)
                if code:
                    raise OSError(-code, os.strerror(-code))
                return
            yield data[HEADER.size + FAMILY.size : length]
            data = data[(length + 3) & ~3 :]


def _attributes(data: memoryview) -> Attributes:
    found: Attributes = {}
    while len(data) >= ATTRIBUTE.size:
        length, kind = ATTRIBUTE.unpack_from(data)
        found[kind & KIND] = data[ATTRIBUTE.size : length]
        data = data[(length + 3) & ~3 :]
    return found


def _flow(family: int, body: memoryview) -> Flow | None:
    """None for other protocols, which a kernel older than 5.8 sends as well."""
    tuples = _attributes(body)
    original, reply = _attributes(tuples[TUPLE_ORIGINAL]), _attributes(tuples[TUPLE_REPLY])
    protocol = _attributes(original[TUPLE_PROTOCOL])
    if protocol[PROTOCOL_NUMBER][0] != IPPROTO_UDP:
        return None
    addresses, answers = _attributes(original[TUPLE_ADDRESSES]), _attributes(reply[TUPLE_PROTOCOL])
    return Flow(
        source=inet_ntop(family, addresses[SOURCE[family]]),
        source_port=int.from_bytes(protocol[SOURCE_PORT], "big"),
        destination=inet_ntop(family, addresses[DESTINATION[family]]),
        destination_port=int.from_bytes(protocol[DESTINATION_PORT], "big"),
        reply_source=inet_ntop(family, _attributes(reply[TUPLE_ADDRESSES])[SOURCE[family]]),
        reply_source_port=int.from_bytes(answers[SOURCE_PORT], "big"),
    )

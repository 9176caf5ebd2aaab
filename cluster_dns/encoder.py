"""DNS messages to bytes (RFC 1035, section 4; EDNS, RFC 6891): queries to upstreams, answers to clients."""

from collections.abc import Iterable

from cluster_dns.message import (
    AA,
    DO,
    EDNS_UDP_SIZE,
    IN,
    LARGEST,
    QR,
    RA,
    RD,
    TC,
    Query,
    Rcode,
    Record,
    Reply,
    RType,
)
from cluster_dns.names import ROOT
from cluster_dns.wire import HEADER, OPCODE, POINTER, RECORD


def write_query(query: Query) -> bytes:
    edns = b"" if query.edns is None else _opt(query.edns.udp_size, query.edns.wants_dnssec, Rcode.NOERROR)
    return HEADER.pack(query.id, query.flags, 1, 0, 0, 1 if edns else 0) + query.question + edns


def write_reply(query: Query, reply: Reply, limit: int = LARGEST) -> bytes:
    """The answer in at most `limit` bytes: the additional section goes first.

    If answers do not fit either, the TC flag says so.
    """
    suffixes = _suffixes(query)
    answers, authority, additional = (
        [_write_record(record, suffixes) for record in section]
        for section in (reply.answers, reply.authority, reply.additional)
    )
    opt = b"" if query.edns is None else _opt(EDNS_UDP_SIZE, query.edns.wants_dnssec, reply.rcode)
    flags = QR | RA | query.flags & RD | (AA if reply.authoritative else 0) | reply.rcode & 0xF
    room = limit - HEADER.size - len(query.question) - len(opt)
    needed = _size(answers) + _size(authority)
    if needed > room:
        answers, authority, additional, flags = _fitting(answers, room), [], [], flags | TC
    elif needed + _size(additional) > room:
        additional = []
    counts = (1, len(answers), len(authority), len(additional) + (1 if opt else 0))
    return b"".join((HEADER.pack(query.id, flags, *counts), query.question, *answers, *authority, *additional, opt))


def write_refusal(packet: bytes, rcode: int) -> bytes | None:
    """The answer to a packet that could not be read: a header alone.

    None for a response or less than a header, which get none.
    """
    if len(packet) < HEADER.size or packet[2] & QR >> 8:
        return None
    query_id, flags, *_ = HEADER.unpack_from(packet)
    return HEADER.pack(query_id, QR | RA | flags & (OPCODE | RD) | rcode, 0, 0, 0, 0)


def _suffixes(query: Query) -> dict[bytes, bytes]:
    """The question's name and its ancestors, and the pointers that stand for them."""
    found = {}
    at = 0
    while length := query.name[at]:
        found[query.name[at:]] = (POINTER << 8 | HEADER.size + at).to_bytes(2, "big")
        at += 1 + length
    return found


def _write_record(record: Record, suffixes: dict[bytes, bytes]) -> bytes:
    return (
        _write_name(record.name, suffixes) + RECORD.pack(record.rtype, IN, record.ttl, len(record.data)) + record.data
    )


def _write_name(name: bytes, suffixes: dict[bytes, bytes]) -> bytes:
    at = 0
    while length := name[at]:
        if pointer := suffixes.get(name[at:]):
            return name[:at] + pointer
        at += 1 + length
    return name


def _opt(udp_size: int, wants_dnssec: bool, rcode: int) -> bytes:
    return ROOT + RECORD.pack(RType.OPT, udp_size, (rcode >> 4) << 24 | (DO if wants_dnssec else 0), 0)


def _size(records: Iterable[bytes]) -> int:
    return sum(map(len, records))


def _fitting(records: list[bytes], room: int) -> list[bytes]:
    """The first records that fit."""
    fitting = []
    for record in records:
        room -= len(record)
        if room < 0:
            break
        fitting.append(record)
    return fitting

"""DNS messages from bytes (RFC 1035, section 4; EDNS, RFC 6891): the queries of clients, the replies of upstreams.

Whatever bytes come in, reading ends in a value or in FormatError, after steps in proportion to the packet's length.
"""

from struct import Struct
from struct import error as StructError

from cluster_dns.message import (
    DO,
    IN,
    QR,
    TC,
    Edns,
    FormatError,
    Query,
    Rcode,
    Record,
    Reply,
    RType,
)
from cluster_dns.names import LONGEST_LABEL, LONGEST_NAME, ROOT

HEADER = Struct("!HHHHHH")
_TYPE_AND_CLASS = Struct("!HH")
RECORD = Struct("!HHIH")  # type, class, ttl, length of the data
OPCODE = 0x7800
POINTER = 0xC0  # the upper bits of a compressed name's first byte
_MOST_POINTERS = 127  # as many as a name can have labels
_NAMES_WITHIN = {  # what an upstream may have compressed within the data: bytes before the names, number of names
    RType.NS: (0, 1),
    RType.CNAME: (0, 1),
    RType.PTR: (0, 1),
    RType.DNAME: (0, 1),
    RType.SOA: (0, 2),
    RType.MX: (2, 1),
    RType.SRV: (6, 1),
}


def read_query(packet: bytes) -> Query:
    """Raises FormatError with the code to answer with. Counts are limited as in miekg/dns, CoreDNS' library."""
    query_id, flags, questions, answers, authority, additional = _header(packet)
    if flags & QR:
        raise FormatError("a response, no query")
    if flags & OPCODE:
        raise FormatError("not a standard query", Rcode.NOTIMP)
    if questions != 1 or answers > 1 or authority > 1 or additional > 2:
        raise FormatError("wrong counts")
    end = _skip_name(packet, HEADER.size, may_point=False)  # there is nothing before it to point to
    try:
        qtype, qclass = _TYPE_AND_CLASS.unpack_from(packet, end)
    except StructError:
        raise FormatError("the question is cut off") from None
    at = end + _TYPE_AND_CLASS.size
    name = packet[HEADER.size : end].lower()
    edns = _read_edns(packet, at, answers + authority, additional)
    return Query(query_id, flags, packet[HEADER.size : at], name, qtype, qclass, edns)


def read_reply(packet: bytes, query: Query) -> Reply:
    """An upstream's reply to our query, without its additional section.

    Raises FormatError, also if it answers something else.
    """
    query_id, flags, questions, answers, authority, _ = _header(packet)
    end = HEADER.size + len(query.question)
    if (
        query_id != query.id
        or not flags & QR
        or questions != 1
        or packet[HEADER.size : end].lower() != query.question.lower()
    ):
        raise FormatError("a reply to another query")
    sections: list[tuple[Record, ...]] = []
    at = end
    for count in (answers, authority):
        records = []
        for _ in range(count):
            record, at = _read_record(packet, at)
            records.append(record)
        sections.append(tuple(record for record in records if record is not None))
    return Reply(flags & 0xF, sections[0], sections[1], truncated=bool(flags & TC))


def _header(packet: bytes) -> tuple[int, int, int, int, int, int]:
    try:
        return HEADER.unpack_from(packet)
    except StructError:
        raise FormatError("shorter than a header") from None


def _skip_name(packet: bytes, at: int, *, may_point: bool = True) -> int:
    """Where the name at `at` ends: after its root, or after its first pointer."""
    limit = at + LONGEST_NAME
    try:
        while length := packet[at]:
            if length >= POINTER and may_point:
                return at + 2
            at += 1 + length
            if length > LONGEST_LABEL or at >= limit:
                raise FormatError("a name is too long")
    except IndexError:
        raise FormatError("a name is cut off") from None
    return at + 1


def _read_name(packet: bytes, at: int, end: int) -> tuple[bytes, int]:
    """The name at `at`, uncompressed and in lower case, and where what follows begins. Pointers must point back."""
    after = _skip_name(packet, at)
    if after > end:
        raise FormatError("a name is cut off")
    name, pointers = b"", 0
    try:
        while length := packet[at]:
            if length >= POINTER:
                target = (length & ~POINTER) << 8 | packet[at + 1]
                pointers += 1
                if target >= at or pointers > _MOST_POINTERS:
                    raise FormatError("a compressed name does not end")
                at = target
                continue
            name += packet[at : at + 1 + length]
            at += 1 + length
            if length > LONGEST_LABEL or len(name) >= LONGEST_NAME:
                raise FormatError("a name is too long")
    except IndexError:
        raise FormatError("a name is cut off") from None
    return name.lower() + ROOT, after


def _read_record(packet: bytes, at: int) -> tuple[Record | None, int]:
    """The record at `at`, None if not of class IN, and where the next one begins."""
    name, at = _read_name(packet, at, len(packet))
    try:
        rtype, rclass, ttl, length = RECORD.unpack_from(packet, at)
    except StructError:
        raise FormatError("a record is cut off") from None
    at += RECORD.size
    end = at + length
    if end > len(packet):
        raise FormatError("a record is cut off")
    data = _read_data(packet, at, end, rtype)
    return (Record(name, rtype, ttl if ttl < 1 << 31 else 0, data) if rclass == IN else None), end


def _read_data(packet: bytes, at: int, end: int, rtype: int) -> bytes:
    before, count = _NAMES_WITHIN.get(rtype, (0, 0))  # type: ignore[call-overload]
    if not count:
        return packet[at:end]
    data = packet[at : at + before]
    at += before
    for _ in range(count):
        name, at = _read_name(packet, at, end)
        data += name
    return data + packet[at:end]


def _read_edns(packet: bytes, at: int, skipped: int, additional: int) -> Edns | None:
    """The OPT record of a query, whose other records say nothing to us.

    Raises FormatError for two, and for bytes left over.
    """
    edns = None
    for index in range(skipped + additional):
        end = _skip_name(packet, at)
        try:
            rtype, size, ttl, length = RECORD.unpack_from(packet, end)
        except StructError:
            raise FormatError("a record is cut off") from None
        if rtype == RType.OPT:
            if edns or packet[at] or index < skipped:
                raise FormatError("a misplaced OPT record")
            edns = Edns(size, ttl >> 16 & 0xFF, bool(ttl & DO))
        at = end + RECORD.size + length
    if at != len(packet):
        raise FormatError("the packet does not end with its last record")
    return edns

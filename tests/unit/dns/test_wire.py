"""Messages as bytes, held against dnspython; and packets that mean harm."""

import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cluster_dns.encoder import write_query, write_refusal, write_reply
from cluster_dns.message import LARGEST, FormatError, Query, Rcode, Record, Reply, RType
from cluster_dns.names import from_text, labels
from cluster_dns.wire import read_query, read_reply
from tests.unit.dns.conftest import lines, section_text

WEB = from_text("web.default.svc.cluster.local")


def query_for(name: str, rtype: str = "A", **options: object) -> bytes:
    return dns.message.make_query(name, rtype, id=7, **options).to_wire()  # type: ignore[arg-type]


def test_a_query_is_read() -> None:
    query = read_query(query_for("Web.default.svc.cluster.local", "AAAA"))
    assert (query.id, query.name, query.qtype, query.qclass, query.edns) == (7, WEB, RType.AAAA, 1, None)
    assert query.question.startswith(b"\3Web\7default")
    assert query.udp_size == 512


def test_edns_is_read_between_other_records() -> None:
    made = dns.message.make_query("web.", "A", use_edns=0, payload=1400, want_dnssec=True)
    query = read_query(made.to_wire())
    assert query.edns is not None
    assert query.edns == (1400, 0, True)
    assert query.wants_dnssec
    assert query.udp_size == 1400


@pytest.mark.parametrize(("asked", "served"), [(0, 512), (511, 512), (4096, 4096), (65535, 4096)])
def test_the_clients_size_is_kept_within_limits(asked: int, served: int) -> None:
    assert read_query(query_for("web.", use_edns=0, payload=asked)).udp_size == served


HEADER = b"\0\7\1\0\0\1\0\0\0\0\0\0"
HOSTILE = {
    "empty": b"",
    "header cut": HEADER[:11],
    "no question": HEADER,
    "two questions": b"\0\7\1\0\0\2" + HEADER[6:] + b"\0\0\1\0\1" * 2,
    "counts too high": b"\0\7\1\0\0\1\xff\xff\xff\xff\xff\xff\0\0\1\0\1",
    "additional missing": b"\0\7\1\0\0\1\0\0\0\0\0\1\0\0\1\0\1",
    "bytes left over": HEADER + b"\0\0\1\0\1x",
    "name cut": HEADER + b"\3we",
    "question cut": HEADER + b"\3web\0\0\1",
    "compressed question": HEADER + b"\xc0\x0c\0\1\0\1",
    "pointer into the header": HEADER + b"\xc0\0\0\1\0\1",
    "label and pointer to it": HEADER + b"\3web\xc0\x0c\0\1\0\1",
    "reserved label": HEADER + b"\x80web\0\0\1\0\1",
    "name too long": HEADER + b"\x3f" + b"a" * 63 + (b"\x3f" + b"a" * 63) * 3 + b"\0\0\1\0\1",
    "two OPT": b"\0\7\1\0\0\1\0\0\0\0\0\2\0\0\1\0\1" + b"\0\0\x29\2\0\0\0\0\0\0\0" * 2,
    "OPT with a name": b"\0\7\1\0\0\1\0\0\0\0\0\1\0\0\1\0\1" + b"\1a\0\0\x29\2\0\0\0\0\0\0\0",
    "OPT as answer": b"\0\7\1\0\0\1\0\1\0\0\0\0\0\0\1\0\1" + b"\0\0\x29\2\0\0\0\0\0\0\0",
    "OPT data cut": b"\0\7\1\0\0\1\0\0\0\0\0\1\0\0\1\0\1" + b"\0\0\x29\2\0\0\0\0\0\0\x09",
    "a response": b"\0\7\x81\0\0\1\0\0\0\0\0\0\0\0\1\0\1",
}


@pytest.mark.parametrize("packet", [packet for name, packet in HOSTILE.items() if name != "a response"])
def test_a_packet_that_is_no_query_is_refused(packet: bytes) -> None:
    with pytest.raises(FormatError) as error:
        read_query(packet)
    assert error.value.rcode == Rcode.FORMERR


def test_other_operations_are_not_implemented() -> None:
    with pytest.raises(FormatError) as error:
        read_query(b"\0\7\x28\0" + HEADER[4:] + b"\0\0\1\0\1")
    assert error.value.rcode == Rcode.NOTIMP


def test_a_refusal_is_a_header_with_the_code() -> None:
    refusal = write_refusal(HEADER + b"\xc0", Rcode.FORMERR)
    assert refusal is not None
    assert dns.message.from_wire(refusal).rcode() == dns.rcode.FORMERR
    assert refusal[:2] == HEADER[:2]


@pytest.mark.parametrize("packet", [b"", HEADER[:11], HOSTILE["a response"]])
def test_responses_and_scraps_get_no_answer(packet: bytes) -> None:
    assert write_refusal(packet, Rcode.FORMERR) is None


names = st.lists(st.binary(min_size=1, max_size=63), max_size=3).map(
    lambda parts: b"".join(bytes([len(part)]) + part.lower() for part in parts) + b"\0"
)
records = st.builds(Record, names, st.integers(256, 65279), st.integers(0, 2**31 - 1), st.binary(max_size=40))


@given(st.binary(max_size=600))
@example(b"\0\7\x81\0\0\1\0\1\0\0\0\0\0\0\1\0\1\xc0\x11\0\1\0\1\0\0\0\0\0\0")
def test_any_bytes_end_in_a_value_or_a_format_error(packet: bytes) -> None:
    asked = read_query(query_for("web."))
    for packet_ in (packet, HEADER + packet, b"\0\7\x81\x80\0\1\0\5\0\5\0\0" + asked.question + packet):
        for read in (read_query, lambda data: read_reply(data, asked)):
            try:
                read(packet_)
            except FormatError:
                continue


@given(names, st.lists(records, max_size=4), st.lists(records, max_size=2), st.booleans())
def test_what_is_written_is_read_again(name: bytes, answers: list[Record], authority: list[Record], edns: bool) -> None:
    query = Query(9, 0x100, name + b"\0\1\0\1", name, 1, 1, None)
    reply = Reply(Rcode.NXDOMAIN, tuple(answers), tuple(authority))
    assert read_reply(write_reply(query, reply), query) == reply


@given(names, st.lists(records, max_size=40), st.integers(512, 1500), st.booleans())
def test_an_answer_keeps_to_the_limit_and_says_what_it_left_out(
    name: bytes, answers: list[Record], limit: int, edns: bool
) -> None:
    query = read_query(write_query(Query(9, 0x100, name + b"\0\1\0\1", name, 1, 1, None)))
    answer = write_reply(query, Reply(0, tuple(answers), (), tuple(answers[:3])), limit)
    assert len(answer) <= limit
    read = read_reply(answer, query)
    assert read.answers == tuple(answers[: len(read.answers)])
    assert read.truncated == (len(read.answers) < len(answers))


def test_owner_names_point_into_the_question() -> None:
    query = read_query(query_for("_http._tcp.web.default.svc.cluster.local.", "SRV"))
    target = Record(WEB, RType.A, 30, bytes([10, 0, 0, 1]))
    answer = write_reply(query, Reply(additional=(target,)))
    assert answer.endswith(b"\xc0\x17\0\1\0\1\0\0\0\x1e\0\4\n\0\0\1")
    assert section_text(dns.message.from_wire(answer).additional) == lines(
        "web.default.svc.cluster.local. 30 IN A 10.0.0.1"
    )


REPLY = """id 7
opcode QUERY
rcode NOERROR
flags QR RD RA
;QUESTION
www.example.com. IN MX
;ANSWER
www.example.com. 60 IN CNAME example.com.
example.com. 300 IN MX 10 mail.example.com.
example.com. 300 IN SRV 1 2 3 mail.example.com.
;AUTHORITY
example.com. 900 IN SOA ns.example.com. admin.example.com. 1 2 3 4 5
;ADDITIONAL
mail.example.com. 60 IN A 192.0.2.1
"""


def test_an_upstreams_compressed_reply_is_read_and_written_anew() -> None:
    upstream = dns.message.from_text(REPLY)
    query = read_query(query_for("www.example.com.", "MX"))
    reply = read_reply(upstream.to_wire(), query)
    assert reply.answers[0] == Record(from_text("www.example.com"), RType.CNAME, 60, from_text("example.com"))
    again = dns.message.from_wire(write_reply(query, reply))
    assert section_text(again.answer) == section_text(upstream.answer)
    assert section_text(again.authority) == section_text(upstream.authority)
    assert not again.additional


@pytest.mark.parametrize("change", [{"id": 8}, {"name": "evil.example.com."}, {"rtype": "A"}])
def test_a_reply_to_another_query_is_refused(change: dict[str, object]) -> None:
    asked = {"name": "www.example.com.", "rtype": "MX", "id": 7} | change
    forged = dns.message.make_response(dns.message.make_query(asked["name"], asked["rtype"], id=asked["id"]))  # type: ignore[arg-type]
    with pytest.raises(FormatError):
        read_reply(forged.to_wire(), read_query(query_for("www.example.com.", "MX")))


def test_a_chain_of_pointers_costs_little() -> None:
    """64 KiB of pointers, each to the one before, and records that begin at its end."""
    asked = read_query(query_for("web."))
    start = 12 + len(asked.question)
    pointers = b"".join((0xC000 | max(12, at - 2)).to_bytes(2, "big") for at in range(start, 16000, 2))
    packet = b"\0\7\x81\x80\0\1\xff\xff\0\0\0\0" + asked.question + pointers
    with pytest.raises(FormatError):
        read_reply(packet, asked)
    assert len(list(labels(WEB))) == 5 and len(packet) < LARGEST

"""How answers are given: sizes, flags, turns of several addresses, and what is refused."""

from collections import Counter

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster_dns import answers
from cluster_dns.message import Rcode
from tests.unit.dns.conftest import At, DnsServer, endpoint_slice, section_text, service
from tests.unit.dns.test_wire import HOSTILE

HEADLESS = "db.default.svc.cluster.local."


@pytest.fixture
def many() -> DnsServer:
    """A headless Service of a hundred endpoints."""
    server = DnsServer()
    ports = [("sql", 5432, "TCP")]
    endpoints = [At(f"10.0.0.{number}") for number in range(100)]
    server.put(service("db", "None", ports=ports), endpoint_slice("db-1", "db", *endpoints, ports=ports))
    return server


@pytest.mark.parametrize(
    ("payload", "records", "truncated"), [(None, 29, True), (512, 28, True), (1232, 73, True), (4096, 100, False)]
)
def test_answers_are_cut_to_what_the_client_takes(
    many: DnsServer, payload: int | None, records: int, truncated: bool
) -> None:
    edns = {} if payload is None else {"use_edns": 0, "payload": payload}
    answer = many.ask(f"{HEADLESS} A", **edns)
    assert len(answer.answer[0]) == records
    assert bool(answer.flags & dns.flags.TC) == truncated


def test_over_tcp_all_records_are_sent(many: DnsServer) -> None:
    answer = many.send(dns.message.make_query(HEADLESS, "A"), many.tcp)
    assert len(answer.answer[0]) == 100


def test_additional_records_are_left_out_without_truncation(server: DnsServer) -> None:
    ports = [("sql", 5432, "TCP")]
    endpoints = [At(f"10.0.0.{number}") for number in range(6)]
    server.put(service("db", "None", ports=ports), endpoint_slice("db-1", "db", *endpoints, ports=ports))
    answer = server.ask(f"_sql._tcp.{HEADLESS} SRV")
    assert len(answer.answer[0]) == 6
    assert not answer.additional
    assert not answer.flags & dns.flags.TC


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_each_address_comes_first_in_turn(server: DnsServer, transport: str) -> None:
    server.put(service("db", "None"), endpoint_slice("db-1", "db", *(At(f"10.0.0.{number}") for number in range(4))))
    query = dns.message.make_query(HEADLESS, "A", flags=dns.flags.RD if transport == "udp" else 0)
    traffic = server.udp if transport == "udp" else server.tcp
    got = [server.send(query, traffic).answer[0] for _ in range(200)]
    first = Counter(answer[0].address for answer in got)
    assert len(first) == 4
    assert min(first.values()) > 25
    assert all(len(answer) == 4 for answer in got)


@pytest.mark.parametrize("flags", [0, dns.flags.RD, dns.flags.AD, dns.flags.RD | dns.flags.AD, dns.flags.CD])
@pytest.mark.parametrize("question", ["web.default.svc.cluster.local. A", "no.default.svc.cluster.local. A"])
def test_recursion_desired_is_echoed_whatever_the_flags(server: DnsServer, question: str, flags: int) -> None:
    server.put(service("web", "10.96.0.7"))
    answer = server.ask(question, flags=flags)
    assert answer.flags & dns.flags.RD == flags & dns.flags.RD
    assert not answer.flags & dns.flags.AD


def test_edns_options_are_no_obstacle_and_dnssec_ok_is_echoed(server: DnsServer) -> None:
    server.put(service("web", "10.96.0.7"))
    cookie = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"12345678")
    for options in ({"options": [cookie]}, {"want_dnssec": True}, {"options": [cookie], "want_dnssec": True}):
        answer = server.ask("web.default.svc.cluster.local. A", use_edns=0, **options)
        assert section_text(answer.answer)
        assert bool(answer.ednsflags & dns.flags.DO) == ("want_dnssec" in options)
        assert answer.payload == 1232


def test_a_later_version_of_edns_is_refused(server: DnsServer) -> None:
    server.put(service("web", "10.96.0.7"))
    answer = server.ask("web.default.svc.cluster.local. A", use_edns=1)
    assert answer.rcode() == dns.rcode.BADVERS
    assert not answer.answer


@pytest.mark.parametrize(("rtype", "rdclass"), [("AXFR", "IN"), ("IXFR", "IN"), ("TXT", "CH"), ("A", "ANY")])
def test_transfers_and_other_classes_are_refused(server: DnsServer, rtype: str, rdclass: str) -> None:
    server.put(service("web", "10.96.0.7"))
    query = dns.message.make_query("cluster.local.", "A", rdclass)
    query.question[0].rdtype = dns.rdatatype.from_text(rtype)
    assert server.send(query).rcode() == dns.rcode.REFUSED


@pytest.mark.parametrize("question", ["web.default.svc.cluster.local. A", "x. A", "7.0.96.10.in-addr.arpa. PTR"])
def test_nothing_is_said_to_be_missing_before_all_is_known(server: DnsServer, question: str) -> None:
    if not question.startswith("x."):
        assert server.ask(question).rcode() == dns.rcode.SERVFAIL


def test_a_deleted_service_is_gone(server: DnsServer) -> None:
    server.put(service("web", "10.96.0.7"))
    server.catalog.service_changed(("default", "web"), None)
    server.apply()
    assert server.ask("web.default.svc.cluster.local. A").rcode() == dns.rcode.NXDOMAIN
    assert server.ask("default.svc.cluster.local. A").rcode() == dns.rcode.NXDOMAIN  # no name is below it any more


@pytest.mark.parametrize("rtype", ["A", "AAAA", "TXT"])
def test_what_was_missing_is_missing_until_it_is_there(server: DnsServer, rtype: str) -> None:
    server.put(service("api", "10.96.0.8"))
    for _ in range(3):
        assert server.ask(f"web.default.svc.cluster.local. {rtype}").rcode() == dns.rcode.NXDOMAIN
    server.put(service("web", "10.96.0.7"))
    assert server.ask(f"web.default.svc.cluster.local. {rtype}").rcode() == dns.rcode.NOERROR
    assert server.ask("web.default.svc.cluster.local. A").answer


def test_missing_names_fill_no_memory(server: DnsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.put(service("web", "10.96.0.7"))
    kept = len(server.ready)
    monkeypatch.setattr(answers, "MOST_MISSING", 10)
    for number in range(95):
        assert server.ask(f"x{number}.default.svc.cluster.local. A").rcode() == dns.rcode.NXDOMAIN
    assert len(server.ready) == kept + 5
    assert server.ask("web.default.svc.cluster.local. A").answer


def test_a_namespace_that_goes_before_its_services_is_gone_with_the_last(server: DnsServer) -> None:
    server.catalog.namespace_changed("default", exists=True)
    server.put(service("web", "10.96.0.7"))
    server.catalog.namespace_changed("default", exists=False)
    server.apply()
    assert server.ask("default.svc.cluster.local. A").rcode() == dns.rcode.NOERROR
    server.catalog.service_changed(("default", "web"), None)
    server.apply()
    assert server.ask("default.svc.cluster.local. A").rcode() == dns.rcode.NXDOMAIN


def test_the_serial_is_the_time_of_the_last_change(server: DnsServer) -> None:
    server.put(service("web", "10.96.0.7"), service("api", "10.96.0.8"))
    server.catalog.service_changed(("default", "api"), None)
    server.catalog.apply(42)
    for question in ("web.default.svc.cluster.local. AAAA", "no.default.svc.cluster.local. A"):
        assert server.ask(question).authority[0][0].serial == 42


@pytest.mark.parametrize("packet", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_packet_is_refused_or_passed_over(server: DnsServer, packet: bytes) -> None:
    server.put(service("web", "10.96.0.7"))
    answer = server.responder.respond(packet, server.udp)
    if len(packet) < 12 or packet is HOSTILE["a response"]:
        assert answer is None
    else:
        assert isinstance(answer, bytes)
        assert answer[3] & 15 == Rcode.FORMERR
    assert not server.responder.panics


GOOD = [
    dns.message.make_query(name, rtype, use_edns=edns).to_wire()
    for name in ("web.default.svc.cluster.local.", "10-0-0-1.default.pod.cluster.local.", "cluster.local.")
    for rtype in ("A", "SRV")
    for edns in (False, 0)
]
FILLED = DnsServer()
FILLED.catalog.namespace_changed("default", exists=True)
FILLED.put(service("web", "10.96.0.7"))


@given(
    st.sampled_from(GOOD),
    st.lists(st.tuples(st.integers(0, 80), st.integers(0, 255)), max_size=6),
    st.integers(0, 80),
    st.binary(max_size=20),
)
def test_no_packet_makes_the_server_fail(good: bytes, changes: list[tuple[int, int]], end: int, more: bytes) -> None:
    packet = bytearray(good)
    for at, byte in changes:
        packet[at % len(packet)] = byte
    for bad in (bytes(packet), bytes(packet[:end]), bytes(packet) + more):
        answer = FILLED.responder.respond(bad, FILLED.udp)
        if isinstance(answer, bytes):
            dns.message.from_wire(answer)
        elif answer is not None:
            answer.close()
    assert not FILLED.responder.panics


def test_an_error_of_our_own_is_answered_and_counted(server: DnsServer, caplog: pytest.LogCaptureFixture) -> None:
    server.apply()
    del server.zone._by_name
    assert server.ask("web.default.svc.cluster.local. A", id=5).rcode() == dns.rcode.SERVFAIL
    assert server.responder.panics == 1
    assert "no answer" in caplog.text

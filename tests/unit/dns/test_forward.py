"""Names outside the cluster: which upstream is asked, how often, and what comes of it."""

import asyncio
import random
from collections.abc import Callable

import dns.rcode
import pytest

from cluster_dns import forward, health
from cluster_dns.cache import Question
from cluster_dns.exchange import Server
from cluster_dns.forward import Forwarder
from cluster_dns.message import FormatError, Rcode, Record, Reply, RType
from cluster_dns.names import ROOT, from_text
from tests.unit.dns.conftest import DnsServer, FakeUpstream, lines, section_text, service

NAME = from_text("www.example.com")
QUESTION = Question(NAME, RType.A, False)
ADDRESS = Reply(Rcode.NOERROR, (Record(NAME, RType.A, 20, b"\1\2\3\4"),))
FIRST, SECOND = ("192.0.2.1", 53), ("192.0.2.2", 53)


def forwarder(upstream: FakeUpstream, *servers: Server, clock: Callable[[], float] = lambda: 0.0) -> Forwarder:
    return Forwarder(servers or (FIRST,), upstream, clock, random.Random(1))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forward, "TRY_TIMEOUT", 0.01)
    monkeypatch.setattr(forward, "TIMEOUT", 0.05)
    monkeypatch.setattr(health, "TIMEOUT", 0.01)
    monkeypatch.setattr(health, "INTERVAL", 0.0)


async def test_a_reply_is_asked_for_once_and_then_known() -> None:
    upstream = FakeUpstream({NAME: ADDRESS})
    asked = forwarder(upstream)
    assert [await asked.resolve(QUESTION) for _ in range(3)] == [ADDRESS] * 3
    assert len(upstream.asked) == 1


async def test_the_same_question_at_the_same_time_is_asked_once() -> None:
    upstream = FakeUpstream({NAME: ADDRESS})
    asked = forwarder(upstream)
    assert await asyncio.gather(*(asked.resolve(QUESTION) for _ in range(10))) == [ADDRESS] * 10
    assert len(upstream.asked) == 1


async def test_who_gives_up_does_not_take_the_question_from_others() -> None:
    upstream = FakeUpstream({NAME: ADDRESS})
    asked = forwarder(upstream)
    impatient, patient = (asyncio.ensure_future(asked.resolve(QUESTION)) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == ADDRESS


async def test_each_query_has_an_id_of_its_own() -> None:
    upstream = FakeUpstream({NAME: Reply(Rcode.REFUSED)})
    asked = forwarder(upstream)
    for _ in range(10):
        await asked.resolve(QUESTION)
    assert len({query.id for _, query in upstream.asked}) > 10


@pytest.mark.parametrize("fault", [OSError("unreachable"), FormatError("nonsense"), Reply(Rcode.SERVFAIL)])
async def test_another_server_is_asked_when_one_fails(fault: Reply | Exception) -> None:
    async def exchange(server: Server, query: object) -> Reply:
        if server == SECOND:
            return ADDRESS
        if isinstance(fault, Exception):
            raise fault
        return fault

    for seed in range(5):
        asked = Forwarder((FIRST, SECOND), exchange, lambda: 0.0, random.Random(seed))
        assert await asked.resolve(QUESTION) == ADDRESS


async def test_a_suspected_server_is_asked_last_until_its_probe_is_answered() -> None:
    upstream = FakeUpstream({ROOT: OSError("unreachable")})
    asked = forwarder(upstream, FIRST, SECOND)
    questions = [Question(from_text(f"n{number}"), RType.A, False) for number in range(40)]
    upstream.replies |= {question.name: ADDRESS for question in questions}
    asked._health.suspect(FIRST)
    for question in questions[:20]:
        await asked.resolve(question)
    assert asked_servers(upstream) == {SECOND}
    upstream.replies[ROOT] = Reply(Rcode.NOERROR)
    await until(lambda: not asked._health.is_suspected(FIRST))
    for question in questions[20:]:
        await asked.resolve(question)
    assert asked_servers(upstream) == {FIRST, SECOND}


def asked_servers(upstream: FakeUpstream) -> set[Server]:
    return {server for server, query in upstream.asked if query.name != ROOT}


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 (no event tells of it)
        await asyncio.sleep(0)


async def test_while_all_servers_are_down_there_is_servfail_at_once() -> None:
    upstream = FakeUpstream({ROOT: OSError("unreachable"), NAME: ADDRESS})
    asked = forwarder(upstream)
    asked.check()
    await until(lambda: asked._health.is_down(FIRST))
    assert await asked.resolve(QUESTION) == Reply(Rcode.SERVFAIL)
    assert not asked_servers(upstream)
    upstream.replies[ROOT] = Reply(Rcode.SERVFAIL)  # any answer will do
    await until(lambda: not asked._health.is_down(FIRST))
    assert await asked.resolve(QUESTION) == ADDRESS


async def test_silence_about_one_name_takes_no_server_down() -> None:
    upstream = FakeUpstream({ROOT: Reply(Rcode.NOERROR), NAME: ADDRESS})
    asked = forwarder(upstream)
    await asked.resolve(Question(from_text("dead.example"), RType.A, False))
    assert await asked.resolve(QUESTION) == ADDRESS


async def test_silence_ends_in_servfail_after_two_tries() -> None:
    upstream = FakeUpstream()
    assert await forwarder(upstream).resolve(QUESTION) == Reply(Rcode.SERVFAIL)
    assert len([query for _, query in upstream.asked if query.name == NAME]) == 2


async def test_without_a_server_there_is_servfail_at_once() -> None:
    asked = Forwarder((), FakeUpstream(), lambda: 0.0, random.Random(1))
    assert await asked.resolve(QUESTION) == Reply(Rcode.SERVFAIL)


async def test_too_many_open_questions_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forward, "MAX_CONCURRENT", 2)
    asked = forwarder(FakeUpstream())
    questions = [Question(from_text(f"n{number}"), RType.A, False) for number in range(3)]
    replies = await asyncio.gather(*(asked.resolve(question) for question in questions))
    assert [reply.rcode for reply in replies] == [Rcode.SERVFAIL, Rcode.SERVFAIL, Rcode.REFUSED]
    assert asked.rejected == 1


async def test_close_gives_up_open_questions() -> None:
    asked = forwarder(FakeUpstream())
    waiting = asyncio.ensure_future(asked.resolve(QUESTION))
    await asyncio.sleep(0)
    await asked.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_an_outside_name_is_answered_by_the_upstream_without_authority(server: DnsServer) -> None:
    server.put(service("web", "10.96.0.7"))
    server.upstream.replies[NAME] = ADDRESS
    answer = await server.ask_outside("www.example.com. A")
    assert section_text(answer.answer) == ["www.example.com. 20 IN A 1.2.3.4"]
    assert not answer.flags & dns.flags.AA


async def test_outside_names_are_answered_before_the_cluster_is_known(server: DnsServer) -> None:
    server.upstream.replies[NAME] = ADDRESS
    assert (await server.ask_outside("www.example.com. A")).answer


async def test_reverse_names_that_are_not_ours_fall_through(server: DnsServer) -> None:
    server.put(service("web", "10.96.0.7"))
    server.upstream.replies[from_text("8.0.96.10.in-addr.arpa")] = Reply(Rcode.NXDOMAIN)
    answer = await server.ask_outside("8.0.96.10.in-addr.arpa. PTR")
    assert answer.rcode() == dns.rcode.NXDOMAIN


CNAME = "shop.default.svc.cluster.local. 30 IN CNAME www.example.com."
ALIAS = Record(NAME, RType.CNAME, 20, from_text("example.com"))
TARGET = Record(from_text("example.com"), RType.A, 20, b"\1\2\3\4")
SOA = Record(from_text("com"), RType.SOA, 20, b"\0\0" + bytes(20))


@pytest.mark.parametrize(
    ("reply", "rcode", "answer"),
    [
        (ADDRESS, "NOERROR", CNAME + "\nwww.example.com. 20 IN A 1.2.3.4"),
        (
            Reply(Rcode.NOERROR, (ALIAS, TARGET)),
            "NOERROR",
            CNAME + "\nwww.example.com. 20 IN CNAME example.com.\nexample.com. 20 IN A 1.2.3.4",
        ),
        (Reply(Rcode.NXDOMAIN, (), (SOA,)), "NOERROR", CNAME),
        (Reply(Rcode.NOERROR, (), (SOA,)), "NOERROR", CNAME),
        (Reply(Rcode.SERVFAIL), "SERVFAIL", ""),
        (OSError("unreachable"), "SERVFAIL", ""),
    ],
)
async def test_an_external_name_outside_is_followed(
    server: DnsServer, reply: Reply | Exception, rcode: str, answer: str
) -> None:
    server.put(
        service("shop", external_name="www.example.com"), service("way", external_name="shop.default.svc.cluster.local")
    )
    server.upstream.replies[NAME] = reply
    got = await server.ask_outside("shop.default.svc.cluster.local. A")
    assert dns.rcode.to_text(got.rcode()) == rcode
    assert section_text(got.answer) == lines(answer)
    through = await server.ask_outside("way.default.svc.cluster.local. A")
    assert len(section_text(through.answer)) == (len(lines(answer)) + 1 if answer else 0)


def test_the_alias_itself_needs_no_upstream(server: DnsServer) -> None:
    server.put(service("shop", external_name="www.example.com"))
    assert section_text(server.ask("shop.default.svc.cluster.local. CNAME").answer) == [CNAME]


@pytest.mark.parametrize("length", [1, 2, 3, 15])
def test_a_circle_of_external_names_ends(server: DnsServer, length: int) -> None:
    for number in range(length):
        target = f"s{(number + 1) % length}.default.svc.cluster.local"
        server.put(service(f"s{number}", external_name=target))
    answer = server.ask("s0.default.svc.cluster.local. A")
    assert answer.rcode() == dns.rcode.NOERROR
    assert len(section_text(answer.answer)) == min(length, 10)


def test_an_external_name_of_the_zone_that_is_not_there_is_its_alias_alone(server: DnsServer) -> None:
    server.put(service("gone", external_name="no.default.svc.cluster.local"))
    answer = server.ask("gone.default.svc.cluster.local. A")
    assert answer.rcode() == dns.rcode.NOERROR
    assert section_text(answer.answer) == ["gone.default.svc.cluster.local. 30 IN CNAME no.default.svc.cluster.local."]

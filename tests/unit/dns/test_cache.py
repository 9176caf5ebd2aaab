"""Upstreams' replies in the cache: how long, and how they age."""

import pytest

from cluster_dns.cache import Question, ReplyCache
from cluster_dns.message import Rcode, Record, Reply, RType
from cluster_dns.names import from_text

NAME = from_text("www.example.com")
QUESTION = Question(NAME, RType.A, False)


def found(ttl: int) -> Reply:
    return Reply(Rcode.NOERROR, (Record(NAME, RType.A, ttl, b"\1\2\3\4"), Record(NAME, RType.A, 3600, b"\1\2\3\5")))


def denied(rcode: Rcode, ttl: int, minimum: int) -> Reply:
    soa = b"\0\0" + bytes(16) + minimum.to_bytes(4, "big")
    return Reply(rcode, (), (Record(from_text("com"), RType.SOA, ttl, soa),))


@pytest.mark.parametrize(
    ("reply", "lifetime"),
    [
        (found(20), 20),
        (found(3000), 30),
        (found(1), 5),
        (denied(Rcode.NXDOMAIN, 900, 10), 10),
        (denied(Rcode.NOERROR, 8, 900), 8),
        (denied(Rcode.NXDOMAIN, 900, 900), 30),
        (Reply(Rcode.NXDOMAIN), 0),
        (Reply(Rcode.SERVFAIL), 5),
        (Reply(Rcode.REFUSED), 0),
    ],
)
def test_lifetimes(reply: Reply, lifetime: int) -> None:
    cache = ReplyCache()
    cache.put(QUESTION, reply, 100.0)
    assert (cache.get(QUESTION, 100.0 + lifetime - 0.5) is not None) == (lifetime > 0)
    assert cache.get(QUESTION, 100.0 + lifetime) is None


def test_ttls_count_down() -> None:
    cache = ReplyCache()
    cache.put(QUESTION, found(20), 100.0)
    reply = cache.get(QUESTION, 107.9)
    assert reply is not None
    assert [record.ttl for record in reply.answers] == [13, 13]


@pytest.mark.parametrize(("ttl", "told"), [(300, 30), (20, 20), (1, 5)])
def test_clients_keep_a_reply_as_long_as_the_cache(ttl: int, told: int) -> None:
    """As CoreDNS, so that the first answer's TTL is not ten times the second's."""
    cache = ReplyCache()
    assert {record.ttl for record in cache.put(QUESTION, found(ttl), 0.0).answers} == {told}
    (soa,) = cache.put(QUESTION, denied(Rcode.NXDOMAIN, 900, 900), 0.0).authority
    assert soa.ttl == 30
    unkept = denied(Rcode.REFUSED, 900, 900)
    assert cache.put(QUESTION, unkept, 0.0) == unkept


def test_questions_are_kept_apart() -> None:
    cache = ReplyCache()
    cache.put(QUESTION, found(20), 0.0)
    assert cache.get(QUESTION._replace(wants_dnssec=True), 0.0) is None
    assert cache.get(QUESTION._replace(qtype=RType.AAAA), 0.0) is None


def test_the_oldest_makes_room() -> None:
    cache = ReplyCache(capacity=2)
    questions = [QUESTION._replace(name=from_text(f"n{number}.example")) for number in range(3)]
    for question in questions:
        cache.put(question, found(20), 0.0)
    assert [cache.get(question, 1.0) is None for question in questions] == [True, False, False]
    assert cache.sizes() == {"success": 2}
    assert (cache.hits, cache.misses) == ({"success": 2}, 1)

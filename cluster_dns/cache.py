"""Replies of upstreams, kept while they may be; as CoreDNS' `cache 30` does. The time is an argument, in seconds."""

from collections import Counter
from collections.abc import Callable
from struct import Struct
from typing import Literal, NamedTuple

from cluster_dns.message import Rcode, Reply, RType

CAPACITY = 9984
LONGEST = 30  # seconds
SHORTEST = 5
_MINIMUM = Struct("!I")  # the last number of a SOA's data: how long its zone's negative answers live


Kind = Literal[
    "success", "denial"
]  # CoreDNS' words for a reply with records, and for one that says that there are none


class Question(NamedTuple):
    """What is asked of an upstream."""

    name: bytes
    qtype: int
    wants_dnssec: bool


class _Entry(NamedTuple):
    reply: Reply
    stored: float
    expires: float


class ReplyCache:
    """At most `capacity` replies: the oldest makes room."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._entries: dict[Question, _Entry] = {}
        self.hits: Counter[Kind] = Counter()
        self.misses = 0

    def sizes(self) -> Counter[Kind]:
        """How many replies of each kind are held."""
        return Counter(_kind(entry.reply) for entry in self._entries.values())

    def get(self, question: Question, now: float) -> Reply | None:
        """The reply with its TTLs counted down."""
        entry = self._entries.get(question)
        if entry is None or entry.expires <= now:
            self._entries.pop(question, None)
            self.misses += 1
            return None
        self.hits[_kind(entry.reply)] += 1
        age = int(now - entry.stored)
        return _with_ttl(entry.reply, lambda ttl: ttl - age)

    def put(self, question: Question, reply: Reply, now: float) -> Reply:
        """The reply as clients get it: they may keep it no longer than it is kept here."""
        lifetime = _lifetime(reply)
        if not lifetime:
            return reply
        reply = _with_ttl(reply, lambda ttl: lifetime)
        self._entries.pop(question, None)
        if len(self._entries) >= self._capacity:
            del self._entries[next(iter(self._entries))]
        self._entries[question] = _Entry(reply, now, now + lifetime)
        return reply


def _kind(reply: Reply) -> Kind:
    return "success" if reply.answers and reply.rcode == Rcode.NOERROR else "denial"


def _lifetime(reply: Reply) -> int:
    """How long in seconds the reply may be kept; 0: not at all. A failure is kept for a moment (RFC 9520)."""
    if reply.rcode == Rcode.SERVFAIL:
        return SHORTEST
    if reply.rcode not in (Rcode.NOERROR, Rcode.NXDOMAIN):
        return 0
    if _kind(reply) == "success":
        return _clamp(min(record.ttl for record in reply.answers))
    limits = [
        min(record.ttl, *_MINIMUM.unpack(record.data[-_MINIMUM.size :]))
        for record in reply.authority
        if record.rtype == RType.SOA and len(record.data) > _MINIMUM.size
    ]
    return _clamp(min(limits)) if limits else 0  # without a SOA a negative answer is not to be kept (RFC 2308)


def _clamp(seconds: int) -> int:
    return max(SHORTEST, min(seconds, LONGEST))


def _with_ttl(reply: Reply, change: Callable[[int], int]) -> Reply:
    answers, authority = (
        tuple(record._replace(ttl=change(record.ttl)) for record in section)
        for section in (reply.answers, reply.authority)
    )
    return reply._replace(answers=answers, authority=authority)

"""Answers that are ready as bytes: one look-up by the bytes of the question.

Ready is every type that a name has, NODATA where it has no A or no AAAA (resolvers ask for both), and NXDOMAIN once it
was found out (search lists ask for the same missing names all day). The rest is left to the responder: pods' addresses,
ExternalNames, truncation, unusual flags.
"""

from collections.abc import Iterable

from cluster_dns.encoder import write_reply
from cluster_dns.lookup import lookup
from cluster_dns.message import DO, EDNS_UDP_SIZE, IN, LARGEST_UDP, RD, Query, Rcode, Reply, RType
from cluster_dns.names import ROOT
from cluster_dns.zone import Zone

Series = tuple[str, str]  # what is counted of an answer: the question's type and the answer's code

MOST_MISSING = 4096
_PLAIN = b"\1\0\0\1\0\0\0\0\0\0"  # the header after its id: recursion desired, one question
_WITH_OPT = b"\1\0\0\1\0\0\0\0\0\1"  # the same with one additional record
_OPT_SIZE = 11
_OPT_START = b"\0" + RType.OPT.to_bytes(2, "big")  # the root's name and the type; the size of answers follows
_OPT_ENDS = {b"\0\0" + flags + b"\0\0" for flags in (b"\0\0", DO.to_bytes(2, "big"))}  # version 0, flags, no options
_OPT_OF_ANSWERS = _OPT_START + EDNS_UDP_SIZE.to_bytes(2, "big")
_ADDRESSES = (RType.A, RType.AAAA)
_READY_TYPES = (*_ADDRESSES, RType.CNAME, RType.NS, RType.PTR, RType.SOA, RType.SRV, RType.TXT)


class ReadyAnswer:
    """An answer without its id and question.

    Several addresses take turns at the front: `body` then holds them twice.
    """

    __slots__ = ("body", "head", "head_with_opt", "series", "size", "step", "turn")

    def __init__(self, series: Series) -> None:
        self.series = series
        self.turn = 0

    def fill(self, answer: bytes, question_size: int, addresses: int = 1) -> None:
        self.head = answer[2:12]
        self.head_with_opt = self.head[:-2] + (int.from_bytes(self.head[-2:], "big") + 1).to_bytes(2, "big")
        self.body = answer[12 + question_size :]
        self.size = len(self.body)
        self.step = self.size // addresses if addresses > 1 else 0
        if self.step:
            self.body *= 2


class ReadyAnswers:
    """The ready answers of a zone. `rebuild` is told which names changed and touches no other."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._ready: dict[bytes, ReadyAnswer] = {}  # by the question: name, type and class, in lower case
        self._no_data = {rtype: ReadyAnswer((rtype.name, Rcode.NOERROR.name)) for rtype in _ADDRESSES}
        self._no_name = {int(rtype): ReadyAnswer((rtype.name, Rcode.NXDOMAIN.name)) for rtype in _ADDRESSES}
        self._missing: list[bytes] = []  # the questions that have NXDOMAIN ready, until a name changes

    def __len__(self) -> int:
        return len(self._ready)

    def respond(self, packet: bytes, limit: int, served: dict[Series, int]) -> bytes | None:
        """The answer to a query, None if it is not ready. The hot path.

        `limit` is what the transport takes in bytes without EDNS; `served` counts the answers.
        """
        header = packet[2:12]
        if header == _PLAIN:
            question, opt = packet[12:], b""
        elif header == _WITH_OPT and packet[-_OPT_SIZE:-8] == _OPT_START and packet[-6:] in _OPT_ENDS:
            question, opt = packet[12:-_OPT_SIZE], _OPT_OF_ANSWERS + packet[-6:]
            limit = max(limit, min(packet[-8] << 8 | packet[-7], LARGEST_UDP))
        else:
            return None
        ready = self._ready.get(question.lower())
        if ready is None:
            return None
        body = ready.body
        if ready.step:
            turn = ready.turn
            body = body[turn : turn + ready.size]
            ready.turn = (turn + ready.step) % ready.size
        answer = b"".join((packet[:2], ready.head_with_opt if opt else ready.head, question, body, opt))
        if len(answer) > limit:
            return None
        served[ready.series] += 1
        return answer

    def remember_missing(self, query: Query) -> None:
        """The query's name is not there: keeps the answer ready until any name changes."""
        question = query.question.lower()
        ready = self._no_name.get(query.qtype)
        if ready is None or question in self._ready:
            return
        if len(self._missing) == MOST_MISSING:
            self._forget_missing()
        self._missing.append(question)
        self._ready[question] = ready

    def _forget_missing(self) -> None:
        for question in self._missing:
            self._ready.pop(question, None)
        self._missing.clear()

    def rebuild(self, changed: Iterable[bytes]) -> None:
        """Makes the answers of the changed names anew."""
        self._forget_missing()
        for name in changed:
            for rtype in _READY_TYPES:
                self._ready.pop(_question(name, rtype), None)
            self._build(name)
            if name == self._zone.settings.names.apex:
                self._build_negative()

    def _build(self, name: bytes) -> None:
        sets = self._zone.find(name)
        if sets is None or not self._zone.has_own(name):
            return
        for rtype in sets:
            ready = ReadyAnswer((RType(rtype).name, Rcode.NOERROR.name))
            question = _question(name, rtype)
            reply = lookup(self._zone, name, rtype).reply
            addresses = len(reply.answers) if rtype in _ADDRESSES else 1
            ready.fill(_encode(name, rtype, reply), len(question), addresses)
            self._ready[question] = ready
        if RType.CNAME in sets or not self._zone.contains(name):
            return
        for rtype, ready in self._no_data.items():
            if rtype not in sets:
                self._ready[_question(name, rtype)] = ready

    def _build_negative(self) -> None:
        """One body for all names, which holds the SOA without pointers into the question."""
        for rtype in _ADDRESSES:
            reply = lookup(self._zone, self._zone.settings.names.apex, rtype).reply
            question_size = len(_question(ROOT, rtype))
            self._no_data[rtype].fill(_encode(ROOT, rtype, reply), question_size)
            self._no_name[rtype].fill(_encode(ROOT, rtype, reply._replace(rcode=Rcode.NXDOMAIN)), question_size)


def _question(name: bytes, rtype: int) -> bytes:
    return (name + rtype.to_bytes(2, "big") + IN.to_bytes(2, "big")).lower()


def _encode(name: bytes, rtype: int, reply: Reply) -> bytes:
    return write_reply(Query(0, RD, _question(name, rtype), name, rtype, IN, None), reply)

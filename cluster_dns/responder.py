"""A packet in, an answer out: from the ready bytes, else from the zone, else later, when an upstream has replied."""

import logging
import random
from collections.abc import Coroutine
from typing import Any

from cluster_dns.answers import ReadyAnswers
from cluster_dns.cache import Question
from cluster_dns.encoder import write_refusal, write_reply
from cluster_dns.forward import Forwarder
from cluster_dns.lookup import Found, lookup
from cluster_dns.message import IN, FormatError, Query, Rcode, Record, Reply, RType
from cluster_dns.names import REVERSE_ZONES, is_within
from cluster_dns.traffic import Traffic, type_text
from cluster_dns.wire import read_query
from cluster_dns.zone import Zone

log = logging.getLogger(__name__)

Answer = bytes | Coroutine[Any, Any, bytes] | None


class Responder:
    """Answers the queries of all listeners; never raises, whatever the packet holds."""

    def __init__(self, zone: Zone, ready: ReadyAnswers, forwarder: Forwarder, chance: random.Random) -> None:
        self.ready = ready
        self.forwarder = forwarder
        self.zone = zone
        self.panics = 0  # errors of our own, answered with SERVFAIL
        self._chance = chance

    def respond(self, packet: bytes, traffic: Traffic) -> Answer:
        """The answer; a coroutine that gives it once an upstream replied; None for a packet that is to get none."""
        try:
            return self.ready.respond(packet, traffic.plain_limit, traffic.served) or self._respond(packet, traffic)
        except Exception:
            return self._panic(packet)

    def _respond(self, packet: bytes, traffic: Traffic) -> Answer:
        try:
            query = read_query(packet)
        except FormatError as error:
            refusal = write_refusal(packet, error.rcode)
            if refusal:
                traffic.served["other", Rcode(error.rcode).name] += 1
            return refusal
        found = self._find(query)
        if found.outside is None:
            return self._write(query, found.reply, traffic)
        return self._follow(query, found, traffic)

    def _find(self, query: Query) -> Found:
        """What we know without asking; a name that is not ours is one that leads outside at once."""
        if query.edns and query.edns.version:
            return Found(Reply(Rcode.BADVERS))
        if query.qclass != IN or query.qtype in (RType.AXFR, RType.IXFR):
            return Found(Reply(Rcode.REFUSED))
        in_zone = self.zone.contains(query.name)
        is_reverse = not in_zone and any(is_within(query.name, zone) for zone in REVERSE_ZONES)
        if (in_zone or is_reverse) and not self.zone.synced:
            return Found(Reply(Rcode.SERVFAIL))
        if in_zone or (is_reverse and self.zone.find(query.name)):
            found = lookup(self.zone, query.name, query.qtype)
            if found.reply.rcode == Rcode.NXDOMAIN:
                self.ready.remember_missing(query)
            return found
        return Found(Reply(), outside=query.name)

    async def _follow(self, query: Query, found: Found, traffic: Traffic) -> bytes:
        """Asks upstream. An ExternalName whose target is not there is answered by its CNAME alone, as CoreDNS does."""
        assert found.outside is not None
        try:
            reply = await self.forwarder.resolve(Question(found.outside, query.qtype, query.wants_dnssec))
            if chain := found.reply.answers:
                is_known = reply.rcode in (Rcode.NOERROR, Rcode.NXDOMAIN)
                reply = found.reply._replace(answers=chain + reply.answers) if is_known else Reply(Rcode.SERVFAIL)
        except Exception:
            log.exception("no answer", extra={"question": query.question})
            self.panics += 1
            reply = Reply(Rcode.SERVFAIL)
        return self._write(query, reply, traffic)

    def _write(self, query: Query, reply: Reply, traffic: Traffic) -> bytes:
        limit = max(query.udp_size, traffic.plain_limit)
        traffic.served[type_text(query.qtype), Rcode(reply.rcode).name] += 1
        return write_reply(query, reply._replace(answers=self._shuffled(reply.answers)), limit)

    def _shuffled(self, answers: tuple[Record, ...]) -> tuple[Record, ...]:
        """The CNAMEs first, in order; the addresses in any order, so that clients that take the first one spread."""
        if len(answers) < 2:
            return answers
        addresses = [record for record in answers if record.rtype in (RType.A, RType.AAAA)]
        self._chance.shuffle(addresses)
        return (*(record for record in answers if record.rtype not in (RType.A, RType.AAAA)), *addresses)

    def _panic(self, packet: bytes) -> bytes | None:
        log.exception("no answer", extra={"packet": packet.hex()})
        self.panics += 1
        return write_refusal(packet, Rcode.SERVFAIL)

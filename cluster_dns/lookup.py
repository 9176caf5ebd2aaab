"""What the zone answers to a question: records, NODATA, NXDOMAIN, and the way along CNAMEs."""

from typing import NamedTuple

from cluster_dns.message import Rcode, Record, Reply, RType
from cluster_dns.names import ancestors
from cluster_dns.zone import Zone

LONGEST_CHAIN = 10  # CNAMEs
_TARGET_OF_SRV = 6  # bytes of priority, weight and port before the target's name


class Found(NamedTuple):
    """`outside` is the name outside the zone that the last CNAME leads to.

    What it resolves to is yet to be appended.
    """

    reply: Reply
    outside: bytes | None = None


def lookup(zone: Zone, name: bytes, qtype: int) -> Found:
    """The answer for a name of the zone, or for a reverse name that it knows.

    NODATA and NXDOMAIN carry the SOA (RFC 2308).
    """
    chain: tuple[Record, ...] = ()
    while True:
        sets = _sets(zone, name)
        if sets is None and not chain:
            return Found(_negative(zone, Rcode.NXDOMAIN))
        if answers := (sets or {}).get(qtype):
            return Found(Reply(Rcode.NOERROR, chain + answers, (), _additional(zone, answers), authoritative=True))
        alias = (sets or {}).get(RType.CNAME)
        if not alias:
            return Found(_negative(zone, Rcode.NOERROR, chain))
        chain += alias
        name = alias[0].data
        if not zone.contains(name):
            return Found(Reply(Rcode.NOERROR, chain, authoritative=True), outside=name)
        if len(chain) == LONGEST_CHAIN or any(record.name == name for record in chain):
            return Found(Reply(Rcode.NOERROR, chain, authoritative=True))


def _sets(zone: Zone, name: bytes) -> dict[int, tuple[Record, ...]] | None:
    """The name's records.

    Those of a pod's dashed address are made on the way, for any address of an existing namespace.
    """
    sets = zone.find(name)
    if (
        sets is None
        and (address := zone.settings.names.pod_address(name))
        and zone.find(next(ancestors(name))) is not None
    ):
        rtype = RType.A if address.version == 4 else RType.AAAA
        return {rtype: (Record(name, rtype, zone.settings.ttl, address.packed),)}
    return sets


def _negative(zone: Zone, rcode: Rcode, chain: tuple[Record, ...] = ()) -> Reply:
    apex = zone.find(zone.settings.names.apex) or {}
    return Reply(rcode, chain, apex.get(RType.SOA, ()), authoritative=True)


def _additional(zone: Zone, answers: tuple[Record, ...]) -> tuple[Record, ...]:
    """The addresses of the names that SRV and NS records point to."""
    offsets = {RType.SRV: _TARGET_OF_SRV, RType.NS: 0}
    targets = dict.fromkeys(
        answer.data[offsets[RType(answer.rtype)] :] for answer in answers if answer.rtype in offsets
    )
    found: list[Record] = []
    for target in targets:
        sets = zone.find(target) or {}
        found += sets.get(RType.A, ()) + sets.get(RType.AAAA, ())
    return tuple(found)

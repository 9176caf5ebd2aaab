"""What a listener served, counted so that the hot path pays little: turned into metrics when somebody asks."""

from bisect import bisect_left
from collections import defaultdict
from typing import Literal

from cluster_dns.answers import Series
from cluster_dns.message import LARGEST, PLAIN_UDP_SIZE, RType

BUCKETS = tuple(0.00025 * 2**power for power in range(16))  # seconds, as CoreDNS' plugin.TimeBuckets


class Traffic:
    """The counts of one listener."""

    def __init__(self, proto: Literal["udp", "tcp"], family: Literal["1", "2"]) -> None:
        """`family` is CoreDNS' label: 1 for IPv4, 2 for IPv6."""
        self.proto = proto
        self.family = family
        self.plain_limit = PLAIN_UDP_SIZE if proto == "udp" else LARGEST  # bytes that a client without EDNS takes
        self.served: defaultdict[Series, int] = defaultdict(int)
        self.durations = [0] * (len(BUCKETS) + 1)  # how many answers took at most so long; the last: longer
        self.seconds = 0.0

    def took(self, seconds: float, answers: int = 1) -> None:
        """So many answers took so long together."""
        self.durations[bisect_left(BUCKETS, seconds / answers)] += answers
        self.seconds += seconds


def type_text(qtype: int) -> str:
    """The label of a question's type: those that are not known by name share one, so that nobody can make more."""
    return _TYPE_TEXTS.get(qtype, "other")


_TYPE_TEXTS = {rtype.value: rtype.name for rtype in RType}

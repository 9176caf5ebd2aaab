"""What DNS messages say, as values (RFC 1035; EDNS, RFC 6891). wire.py reads and writes them."""

from enum import IntEnum
from typing import NamedTuple


class RType(IntEnum):
    """The record types that are known by name here."""

    A = 1
    NS = 2
    CNAME = 5
    SOA = 6
    PTR = 12
    MX = 15
    TXT = 16
    AAAA = 28
    SRV = 33
    DNAME = 39
    OPT = 41
    HTTPS = 65
    IXFR = 251
    AXFR = 252
    ANY = 255


class Rcode(IntEnum):
    """How an answer ended."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5
    BADVERS = 16


IN = 1  # the class of the Internet, the only one served
QR, AA, TC, RD, RA = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080  # flags of the header
DO = 0x8000  # flag of EDNS: the client wants DNSSEC records

PLAIN_UDP_SIZE = 512  # bytes that a client without EDNS takes over UDP
EDNS_UDP_SIZE = 1232  # bytes that we offer to take: unfragmented on every path (DNS flag day 2020)
LARGEST_UDP = 4096  # bytes that we send over UDP, whatever a client takes
LARGEST = 65535  # bytes of a message over TCP


class FormatError(ValueError):
    """Bytes that are no DNS message, or one that is not served; `rcode` is what to answer."""

    def __init__(self, text: str, rcode: int = Rcode.FORMERR) -> None:
        super().__init__(text)
        self.rcode = rcode


class Record(NamedTuple):
    """A resource record of class IN.

    `name` and the names within `data` are uncompressed (names.py); `ttl` in seconds.
    """

    name: bytes
    rtype: int
    ttl: int
    data: bytes


class Edns(NamedTuple):
    """What the OPT record of a query says."""

    udp_size: int
    version: int
    wants_dnssec: bool


class Query(NamedTuple):
    """A query with its one question."""

    id: int
    flags: int
    question: bytes  # name, type and class as sent: an answer keeps the case of the letters
    name: bytes
    qtype: int
    qclass: int
    edns: Edns | None

    @property
    def udp_size(self) -> int:
        """The longest answer in bytes that the client takes over UDP."""
        return min(max(PLAIN_UDP_SIZE, self.edns.udp_size), LARGEST_UDP) if self.edns else PLAIN_UDP_SIZE

    @property
    def wants_dnssec(self) -> bool:
        return self.edns is not None and self.edns.wants_dnssec


class Reply(NamedTuple):
    """The content of an answer, whoever asked."""

    rcode: int = Rcode.NOERROR
    answers: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()
    additional: tuple[Record, ...] = ()
    authoritative: bool = False
    truncated: bool = False

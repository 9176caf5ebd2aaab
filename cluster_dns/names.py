"""Names of the cluster's DNS zone, and names as DNS writes them.

A name here is its uncompressed wire form in lower case (RFC 1035, section 3.1): b"\\x03web\\x07default\\x03svc\\x00".

The names of a zone Z (DNS-based service discovery, schema 1.1.0); NAMESPACE, SERVICE, PORT are names in Kubernetes:

    Z                                            the apex
    dns-version.Z                                the version of the schema
    ns.dns.Z                                     the zone's name server, which is the cluster's DNS Service
    SERVICE.NAMESPACE.svc.Z                      a Service
    _PORT._PROTOCOL.SERVICE.NAMESPACE.svc.Z      a named port of it; PROTOCOL is tcp, udp or sctp
    HOST.SERVICE.NAMESPACE.svc.Z                 an endpoint; HOST is its hostname, else its dashed address
    DASHED.NAMESPACE.pod.Z                       a pod by its dashed address
    DASHED = 10-0-0-2 for 10.0.0.2, fd00--1 for fd00::1
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

Address = IPv4Address | IPv6Address

ROOT = b"\0"
LONGEST_LABEL = 63
LONGEST_NAME = 255  # in wire form, the root's byte included (RFC 1035, section 2.3.4)
REVERSE_ZONES = (b"\7in-addr\4arpa\0", b"\3ip6\4arpa\0")


def from_text(text: str) -> bytes:
    """The name that `web.default.svc.cluster.local.` means; the last dot may be missing.

    Raises ValueError for no name.
    """
    stripped = text.removesuffix(".")
    return _join(stripped.split(".")) if stripped else ROOT


def to_text(name: bytes) -> str:
    """How people write the name: with its last dot; bytes that are not printable ASCII as \\DDD."""
    return "".join(_label_text(label) + "." for label in labels(name)) or "."


def labels(name: bytes) -> Iterator[bytes]:
    """The labels from left to right, without the root."""
    at = 0
    while length := name[at]:
        yield name[at + 1 : at + 1 + length]
        at += 1 + length


def ancestors(name: bytes) -> Iterator[bytes]:
    """The names above, from the parent to the root."""
    at = 0
    while name[at]:
        at += 1 + name[at]
        yield name[at:]


def is_within(name: bytes, zone: bytes) -> bool:
    """Whether the name is the zone's apex or below it."""
    return name.endswith(zone) and (name == zone or zone in ancestors(name))


def reverse(address: Address) -> bytes:
    """The name of an address' PTR record, below in-addr.arpa or ip6.arpa."""
    return from_text(address.reverse_pointer)


def dashed(address: Address) -> str:
    """The address as a label: 10-0-0-2, fd00--1."""
    return str(address).replace(".", "-").replace(":", "-")


@dataclass(frozen=True, slots=True)
class ZoneNames:
    """Makes and reads the names of one zone. Making raises ValueError where a part is no label."""

    apex: bytes

    def below(self, *parts: str) -> bytes:
        """A name below the apex, part by part: below("web", "default", "svc")."""
        name = _join(parts)[:-1] + self.apex
        if len(name) > LONGEST_NAME:
            raise ValueError(f"{'.'.join(parts)}: a name of more than {LONGEST_NAME} bytes")
        return name

    def service(self, namespace: str, service: str) -> bytes:
        return self.below(service, namespace, "svc")

    def endpoint(self, namespace: str, service: str, host: str) -> bytes:
        return self.below(host, service, namespace, "svc")

    def port(self, namespace: str, service: str, port: str, protocol: str) -> bytes:
        return self.below(f"_{port}", f"_{protocol}", service, namespace, "svc")

    @property
    def name_server(self) -> bytes:
        return self.below("ns", "dns")

    def pod_address(self, name: bytes) -> Address | None:
        """The address that DASHED.NAMESPACE.pod.Z stands for; None for any other name of the zone."""
        parts = self._relative(name)
        if len(parts) != 3 or parts[2] != b"pod":
            return None
        label = parts[0].decode("ascii", "replace")
        is_ipv4 = label.count("-") == 3 and "--" not in label
        try:
            return ip_address(label.replace("-", "." if is_ipv4 else ":"))
        except ValueError:
            return None

    def _relative(self, name: bytes) -> list[bytes]:
        parts = list(labels(name))
        return parts[: len(parts) - sum(1 for _ in labels(self.apex))]


def _join(parts: Sequence[str]) -> bytes:
    name = b"".join(bytes((len(label),)) + label for label in map(_label, parts)) + ROOT
    if len(name) > LONGEST_NAME:
        raise ValueError(f"{'.'.join(parts)}: a name of more than {LONGEST_NAME} bytes")
    return name


def _label(text: str) -> bytes:
    label = text.lower().encode("ascii")
    if not 0 < len(label) <= LONGEST_LABEL:
        raise ValueError(f"{text!r} is no DNS label: it must have 1 to {LONGEST_LABEL} characters")
    return label


def _label_text(label: bytes) -> str:
    return "".join(chr(byte) if 0x20 < byte < 0x7F and byte not in b".\\" else f"\\{byte:03}" for byte in label)

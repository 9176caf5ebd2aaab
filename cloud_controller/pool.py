"""The addresses that the cloud has to give."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from itertools import islice

from protos.addresses import parse_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MOST_TRIED = 65536  # addresses of one range: an IPv6 range has more than anybody hands out here


class Exhausted(Exception):
    """No address of a family is free."""


class Unavailable(Exception):
    """The wanted address is of no pool, or another Service has it."""


@dataclass(frozen=True)
class Pool:
    """Ranges of addresses of both families, as networks: 172.30.255.0/24, fd00:30:ff::/112."""

    networks: tuple[Network, ...]

    @classmethod
    def parse(cls, ranges: Iterable[str]) -> "Pool":
        """Raises ValueError with one line for a range that is not a network."""
        return cls(tuple(ip_network(text) for text in ranges))

    def __contains__(self, address: Address) -> bool:
        return any(address in network for network in self.networks if network.version == address.version)

    def choose(self, family: str, taken: set[Address], wish: str = "") -> Address:
        """A free address of "IPv4" or "IPv6": the wished one, else the lowest. Raises Exhausted, Unavailable."""
        if wish:
            return self._wished(wish, taken)
        for address in self._usable(family):
            if address not in taken:
                return address
        raise Exhausted(f"no free {family} address in the pool {self}")

    def _wished(self, wish: str, taken: set[Address]) -> Address:
        address = parse_address(wish)
        if address is None:
            raise Unavailable(f'"{wish}" is not an IP address')
        if address not in self:
            raise Unavailable(f"{wish} is not in the pool {self}")
        if address in taken:
            raise Unavailable(f"{wish} belongs to another Service")
        return address

    def _usable(self, family: str) -> Iterator[Address]:
        for network in self.networks:
            if f"IPv{network.version}" == family:
                yield from islice(network.hosts(), MOST_TRIED)

    def __str__(self) -> str:
        return ", ".join(map(str, self.networks)) or "(empty)"

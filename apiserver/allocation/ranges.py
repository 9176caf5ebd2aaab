"""Service addresses and node ports: a range of numbers in two bands, each number a key of the store.

Numbers are chosen in the upper, dynamic band first; the lower band is left for those who ask for a certain number
(KEP-3070, KEP-3668).
"""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from random import Random

IsFree = Callable[[str], bool]

# An IPv6 range is larger than anybody will fill; Kubernetes uses so many addresses of it.
_MOST_ADDRESSES = 1 << 64


def address_band(size: int) -> int:
    """How many addresses the dynamic band leaves alone in a range of so many, usable or not."""
    return 0 if size <= 16 else min(max(16, size // 16), 256)


def port_band(size: int) -> int:
    """How many ports of a range the dynamic band leaves alone."""
    return 0 if size <= 16 else min(max(16, size // 32), 128)


def choose(size: int, band: int, is_free: Callable[[int], bool], random: Random) -> int | None:
    """A free number below `size`: from `band` on if there is one, else below it; None when the range is full.

    Each band is walked from a random start.
    """
    for first, width in ((band, size - band), (0, band)):
        start = random.randrange(width) if width else 0
        for step in range(width):
            number = first + (start + step) % width
            if is_free(number):
                return number
    return None


class AddressRange:
    """The addresses of a service CIDR that can be given: IPv4 without network and broadcast, IPv6 without the first."""

    def __init__(self, cidr: str) -> None:
        """Raises ValueError for a malformed CIDR or one that has no room."""
        self.network = ip_network(cidr)
        self.family = f"IPv{self.network.version}"
        unusable = 2 if self.network.version == 4 else 1
        self.size = min(self.network.num_addresses - unusable, _MOST_ADDRESSES)
        if self.size < 1:
            raise ValueError(f"the service range {cidr} has no address to give")
        self._base = int(self.network.network_address) + 1

    def address(self, number: int) -> str:
        """The address of a number, 0 for the first."""
        value = self._base + number
        return str(IPv4Address(value) if self.network.version == 4 else IPv6Address(value))

    def holds(self, address: str) -> bool:
        """Whether the address is one that the range can give."""
        parsed = ip_address(address)
        return parsed.version == self.network.version and 0 <= int(parsed) - self._base < self.size

    def choose(self, is_free: IsFree, random: Random) -> str | None:
        """A free address; None when the range is full."""
        band = address_band(self.network.num_addresses)
        number = choose(self.size, band, lambda number: is_free(address_key(self.address(number))), random)
        return None if number is None else self.address(number)


class PortRange:
    """Node ports from `low` to `high`, both included."""

    def __init__(self, low: int, high: int) -> None:
        """Raises ValueError for a range that is none."""
        if not 0 < low <= high <= 65535:
            raise ValueError(f"the node port range {low}-{high} must lie within 1-65535")
        self.low = low
        self.high = high

    def __str__(self) -> str:
        return f"{self.low}-{self.high}"

    def holds(self, port: int) -> bool:
        return self.low <= port <= self.high

    def choose(self, is_free: IsFree, random: Random) -> int | None:
        """A free port; None when the range is full."""
        size = self.high - self.low + 1
        number = choose(size, port_band(size), lambda number: is_free(port_key(self.low + number)), random)
        return None if number is None else self.low + number


def address_key(address: str) -> str:
    """The key that holds the owner of a service address (canonical text)."""
    return f"/allocations/ip/{address}"


def port_key(port: int) -> str:
    """The key that holds the owner of a node port or health check node port."""
    return f"/allocations/nodeport/{port}"

"""Which address a new pod gets: pure. What is in use is recorded by the pods' own folders, so nothing can get lost."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network


class NoFreeAddress(Exception):
    """Every address of the node's podCIDR belongs to a pod."""


def next_free(network_text: str, used: Iterable[str], last: str = "") -> str:
    """The first free address after `last`, round the network: one that was just given up rests for as long as possible.

    The first two addresses and the last are left out. Raises NoFreeAddress.
    """
    network = ip_network(network_text)
    first, end = int(network[0]) + 2, int(network[-1])
    taken = {int(ip_address(text)) for text in used}
    after = int(ip_address(last)) + 1 if last else first
    start = after if first <= after < end else first
    for number in (*range(start, min(end, start + len(taken) + 1)), *range(first, min(end, first + len(taken) + 1))):
        if number not in taken:
            return str(ip_address(number) if network.version == 4 else type(network[0])(number))
    raise NoFreeAddress(f"no free address in the podCIDR {network_text}: all {len(taken)} are in use")


class PodAddresses:
    """The addresses of one node's pods."""

    def __init__(self) -> None:
        self._used: dict[str, tuple[str, ...]] = {}  # by pod UID
        self._last: dict[str, str] = {}

    def reserve(self, uid: str, addresses: Iterable[str]) -> None:
        """For a pod that is there already."""
        self._used[uid] = tuple(addresses)

    def allocate(self, uid: str, networks: Iterable[str], known: Iterable[str] = ()) -> tuple[str, ...]:
        """One address out of each network: one that the pod is `known` by where it is free, as after a power cut.

        Raises NoFreeAddress, and then reserves none.
        """
        used = [address for addresses in self._used.values() for address in addresses]
        former = [address for address in known if address not in used]
        chosen = {
            network: next(iter(_inside(network, former)), "")
            or next_free(network, _inside(network, used), self._last.get(network, ""))
            for network in networks
        }
        self._last |= chosen
        self._used[uid] = tuple(chosen.values())
        return self._used[uid]

    def release(self, uid: str) -> None:
        self._used.pop(uid, None)


def _inside(network: str, addresses: Iterable[str]) -> list[str]:
    parsed = ip_network(network)
    return [text for text in addresses if ip_address(text) in parsed]

"""Which addresses a cluster's network uses, and how a free subnet for it is found."""

import socket
import struct
from collections.abc import Collection
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path
from typing import ClassVar

from svclab.cluster.config import MOST_NODES, IPNetwork, Networking
from svclab.cluster.errors import ClusterError

_CANDIDATES: dict[int, tuple[IPNetwork, ...]] = {
    4: tuple(IPv4Network("10.200.0.0/16").subnets(new_prefix=24)),
    6: tuple(IPv6Network((0xFD00_0010_0200 << 80 | number << 64, 64)) for number in range(256)),
}
SMALLEST = {4: 24, 6: 120}  # prefix lengths: the plan below needs 256 addresses


@dataclass(frozen=True)
class Plan:
    """The host parts of the node subnets.

    .1 the router, .2 the first node, .191 the last, .192 to .223 for load balancers, .251 the cloud, .252 an API
    server with an address, .253 the outside client, .254 the host.
    """

    subnets: tuple[IPNetwork, ...]

    ROUTER: ClassVar[int] = 1
    MOST_NODES: ClassVar[int] = MOST_NODES
    LOAD_BALANCERS: ClassVar[int] = 192
    CLOUD: ClassVar[int] = 251
    API_SERVER: ClassVar[int] = 252
    OUTSIDE: ClassVar[int] = 253
    HOST: ClassVar[int] = 254

    def addresses(self, number: int) -> list[str]:
        """The addresses of one participant, one of each family."""
        return [str(subnet[number]) for subnet in self.subnets]

    def interfaces(self, number: int) -> list[str]:
        """The same with the prefix length: 10.200.0.2/24."""
        return [f"{subnet[number]}/{subnet.prefixlen}" for subnet in self.subnets]

    def load_balancers(self) -> list[str]:
        """The addresses that Services of type LoadBalancer get, one range of each family: 10.200.0.192/27."""
        lengths = {4: 27, 6: 123}
        return [f"{subnet[self.LOAD_BALANCERS]}/{lengths[subnet.version]}" for subnet in self.subnets]

    @staticmethod
    def of_node(number: int) -> int:
        """The host part of the node with that number."""
        return number + 1


CHOOSE = "choose another or leave it out"


def choose_subnets(networking: Networking, taken: Collection[IPNetwork], remedy: str = CHOOSE) -> Networking:
    """The address plan with its node subnets: the given ones, or the first that overlap with nothing.

    Raises ClusterError if a given subnet is taken (`remedy`: what to do then) or too small, or if none is free.
    """
    if networking.node_subnets:
        for subnet in networking.node_subnets:
            _check_given(subnet, taken, remedy)
        return networking
    used = (*taken, *networking.pod_subnets, *networking.service_subnets)
    families = [subnet.version for subnet in networking.pod_subnets]
    return replace(networking, node_subnets=tuple(_first_free(family, used) for family in families))


def _check_given(subnet: IPNetwork, taken: Collection[IPNetwork], remedy: str) -> None:
    if subnet.prefixlen > SMALLEST[subnet.version]:
        raise ClusterError(
            f"networking.nodeSubnet: {subnet} is too small: /{SMALLEST[subnet.version]} or wider is needed"
        )
    for other in taken:
        if _overlap(subnet, other):
            raise ClusterError(f"networking.nodeSubnet: {subnet} is in use here ({other}): {remedy}")


def _first_free(family: int, used: Collection[IPNetwork]) -> IPNetwork:
    for subnet in _CANDIDATES[family]:
        if not any(_overlap(subnet, other) for other in used):
            return subnet
    raise ClusterError("no free subnet for the nodes was found: set networking.nodeSubnet in a --config file")


def _overlap(one: IPNetwork, other: IPNetwork) -> bool:
    return one.version == other.version and one.overlaps(other)


def host_networks() -> list[IPNetwork]:
    """The networks that this machine has routes to, default routes left out."""
    routes: list[IPNetwork] = [*_routes4(), *_routes6()]
    return [network for network in routes if network.prefixlen]


def _routes4() -> list[IPv4Network]:
    lines = Path("/proc/net/route").read_text().splitlines()[1:]
    fields = [line.split() for line in lines]
    return [IPv4Network((_address4(field[1]), str(_address4(field[7])))) for field in fields]


def _address4(text: str) -> IPv4Address:
    return IPv4Address(socket.inet_ntoa(struct.pack("=L", int(text, 16))))  # the kernel prints host byte order


def _routes6() -> list[IPv6Network]:
    table = Path("/proc/net/ipv6_route")
    fields = [line.split() for line in table.read_text().splitlines()] if table.exists() else []
    # Local addresses and multicast are there too; ff00::/8 and fe80::/10 overlap with no candidate.
    return [IPv6Network((IPv6Address(int(field[0], 16)), int(field[1], 16))) for field in fields]

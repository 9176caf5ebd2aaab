"""The cluster's addresses, as the registry hands them out."""

from dataclasses import dataclass
from functools import cached_property

from apiserver.allocation.ranges import AddressRange, PortRange


@dataclass(frozen=True)
class ClusterNetwork:
    """`service_cidrs`: one for each IP family, the primary family's first."""

    service_cidrs: tuple[str, ...] = ("10.96.0.0/16",)
    node_port_range: tuple[int, int] = (30000, 32767)
    cluster_domain: str = "cluster.local"

    @cached_property
    def ranges(self) -> dict[str, AddressRange]:
        """Service addresses by family, "IPv4" and "IPv6", in the cluster's order."""
        ranges = [AddressRange(cidr) for cidr in self.service_cidrs]
        return {each.family: each for each in ranges}

    @cached_property
    def families(self) -> tuple[str, ...]:
        """The cluster's IP families, the primary first."""
        return tuple(self.ranges)

    @cached_property
    def node_ports(self) -> PortRange:
        return PortRange(*self.node_port_range)

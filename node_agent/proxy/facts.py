"""Services, slices and the node as the proxy sees them."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple


class ServiceName(NamedTuple):
    """A Service, in the API's order."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class ServicePortName(NamedTuple):
    """A svc-port: the unit of the proxy's work. The port's name links it to the ports of slices."""

    service: ServiceName
    port: str
    protocol: str

    def __str__(self) -> str:
        return f"{self.service}:{self.port}" if self.port else str(self.service)


@dataclass(frozen=True)
class ServicePort:
    """One port of a Service. Addresses of both families stand together; compile picks those of its family."""

    name: ServicePortName
    cluster_ips: tuple[str, ...]
    port: int
    node_port: int
    external_ips: tuple[str, ...]
    load_balancer_ips: tuple[str, ...]  # of ingress entries with ipMode VIP
    source_ranges: tuple[str, ...]
    internal_local: bool
    external_local: bool
    affinity_seconds: int  # 0: no session affinity
    created: int  # creationTimestamp, in seconds: of two that claim one address the older wins

    @property
    def protocol(self) -> str:
        """In nft's words."""
        return self.name.protocol.lower()

    @property
    def externally_accessible(self) -> bool:
        return bool(self.node_port or self.external_ips or self.load_balancer_ips)

    @property
    def uses_cluster_endpoints(self) -> bool:
        return not self.internal_local or self.externally_accessible

    @property
    def uses_local_endpoints(self) -> bool:
        return self.internal_local or (self.external_local and self.externally_accessible)


@dataclass(frozen=True)
class ServiceFacts:
    """A Service that is proxied: its ports, and the health check that a load balancer asks for (0: none)."""

    ports: tuple[ServicePort, ...]
    health_check_node_port: int


@dataclass(frozen=True)
class Endpoint:
    """One address and port behind a svc-port, with its conditions; `zones` and `nodes` are the hints."""

    ip: str
    port: int
    ready: bool
    serving: bool
    terminating: bool
    node: str
    zones: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SliceFacts:
    """One EndpointSlice: whose it is, and its endpoints by (port name, protocol)."""

    service: ServiceName
    endpoints: dict[tuple[str, str], tuple[Endpoint, ...]]


@dataclass(frozen=True)
class NodeFacts:
    """What the proxy needs of its own Node. `addresses`: where node ports answer; `primary`: what it speaks from."""

    name: str
    addresses: tuple[str, ...] = ()
    pod_cidrs: tuple[str, ...] = ()
    zone: str = ""
    primary: tuple[str, ...] = ()  # one a family; () where they are the same as `addresses`
    masquerade_all: bool = False  # also this node's pods, on their way to a ClusterIP
    is_leaving: bool = False  # being deleted, or about to be scaled down: a cloud load balancer should drain it

    @cached_property
    def topology(self) -> tuple[object, ...]:
        """What all rules depend on: a change of it is a full sync."""
        return (self.addresses, self.primary, self.pod_cidrs, self.zone, self.masquerade_all)

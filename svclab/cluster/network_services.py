"""What a cluster offers beside its nodes: its DNS, and the cloud's load balancer."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Literal

from svclab.cluster.document import Section
from svclab.cluster.errors import ConfigError

IPNetwork = IPv4Network | IPv6Network
Mode = Literal["vip", "proxy", "none"]
MODES: tuple[Mode, ...] = ("vip", "proxy", "none")
MOST_SERVERS = 10

LAST_NODE, LAST_FREE = 191, 250  # host parts: nodes are before, and the cluster's own machines after these


@dataclass(frozen=True)
class DnsConfig:
    """The cluster's DNS: how many servers, at most one a node; 0 for none."""

    replicas: int = 2


@dataclass(frozen=True)
class LoadBalancerConfig:
    """The mock cloud; see docs/load-balancer.md. Times in seconds."""

    mode: Mode = "vip"  # of Services that do not choose; none: there is no cloud
    pool: tuple[IPNetwork, ...] = ()  # empty: chosen out of the node subnets
    load_balancer_class: str = ""
    probe_interval: float = 2.0
    probe_failures: int = 1
    probe_successes: int = 1


def fields(dns: DnsConfig, balancer: LoadBalancerConfig) -> dict[str, Any]:
    """Both as `read_dns` and `read_load_balancer` read them."""
    return {
        "dns": {"replicas": dns.replicas},
        "loadBalancer": {
            "mode": balancer.mode,
            "pool": list(map(str, balancer.pool)),
            "class": balancer.load_balancer_class,
            "probeInterval": balancer.probe_interval,
            "probeFailures": balancer.probe_failures,
            "probeSuccesses": balancer.probe_successes,
        },
    }


def read_dns(section: Section) -> DnsConfig:
    """The field `dns` of a configuration document. Raises ConfigError naming the field."""
    dns = DnsConfig(section.integer("replicas", DnsConfig.replicas, 0, MOST_SERVERS))
    section.finish()
    return dns


def read_load_balancer(section: Section, node_subnets: Sequence[IPNetwork]) -> LoadBalancerConfig:
    """The field `loadBalancer`. Raises ConfigError naming the field."""
    default = LoadBalancerConfig()
    mode = section.choice("mode", MODES, default.mode)
    balancer = LoadBalancerConfig(
        mode=next(known for known in MODES if known == mode),
        pool=tuple(_range(text, section.at("pool"), node_subnets) for text in section.get("pool", list, [])),
        load_balancer_class=section.text("class", default.load_balancer_class),
        probe_interval=section.seconds("probeInterval", default.probe_interval),
        probe_failures=section.integer("probeFailures", default.probe_failures, 1, 100),
        probe_successes=section.integer("probeSuccesses", default.probe_successes, 1, 100),
    )
    section.finish()
    return balancer


def _range(text: object, path: str, node_subnets: Sequence[IPNetwork]) -> IPNetwork:
    try:
        network = ip_network(str(text))
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None
    for subnet in node_subnets:
        if subnet.version == network.version and subnet.supernet_of(network):  # type: ignore[arg-type]  # of one family
            first = int(network.network_address) - int(subnet.network_address)
            last = first + network.num_addresses - 1
            if first > LAST_NODE and (last <= LAST_FREE or first > 255):
                return network
            raise ConfigError(f"{path}: {network} overlaps with the cluster's machines: use {subnet[192]} and above")
    raise ConfigError(f"{path}: {network} is not within networking.nodeSubnet")

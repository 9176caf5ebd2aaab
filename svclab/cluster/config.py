"""What a cluster shall be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network

from svclab.cluster.document import dns_label
from svclab.cluster.errors import ConfigError
from svclab.cluster.network_services import DnsConfig, LoadBalancerConfig

DEFAULT_NAME = "svclab"
STORES = ("sqlite", "memory")
DRIVERS = ("netns", "docker")
POD_NETWORKS = ("routes", "vxlan")  # how packets get to pods of other nodes; vxlan: nodes need not be on one link
FAMILIES = ("ipv4", "ipv6", "dual")

MOST_NODES = 190
AGENT_SUFFIX = "-agent"  # of the process that runs in a node
RESERVED = ("init", "supervisor", "apiserver", "outside", "cloud", "up", "nodes")  # names of what is no node
PEERS = ("api", "nodes")  # what a node can be disconnected from

IPNetwork = IPv4Network | IPv6Network


@dataclass(frozen=True)
class NodeConfig:
    """One node. Its number gives its address in the node subnet; `cut_from` is what it has been disconnected from."""

    name: str
    number: int
    labels: Mapping[str, str] = field(default_factory=dict)
    powered: bool = True
    cut_from: tuple[str, ...] = ()

    def disconnected(self, peers: Sequence[str]) -> "NodeConfig":
        """This node, cut off from these peers too. Raises ConfigError if it has been cut off from all of them."""
        new = tuple(peer for peer in peers if peer not in self.cut_from)
        if not new or not set(new) <= set(PEERS):
            raise ConfigError(f"node {self.name!r} is disconnected from {' and '.join(peers)} already")
        return replace(self, cut_from=self.cut_from + new)


@dataclass(frozen=True)
class Networking:
    """The cluster's address plan; a dual-stack cluster has two subnets of each kind, the first one's family leading."""

    ip_family: str = "ipv4"
    pod_network: str = "routes"
    pod_subnets: tuple[IPNetwork, ...] = (IPv4Network("10.244.0.0/16"),)
    service_subnets: tuple[IPNetwork, ...] = (IPv4Network("10.96.0.0/16"),)
    node_subnets: tuple[IPNetwork, ...] = ()  # empty: free ones are chosen when the cluster is first started
    node_port_range: tuple[int, int] = (30000, 32767)
    node_port_addresses: tuple[IPNetwork, ...] = ()  # of nodes, where node ports answer; (): the first of each family
    masquerade_all: bool = False  # also pods, on their way to a ClusterIP
    cluster_domain: str = "cluster.local"


@dataclass(frozen=True)
class Timers:
    """Seconds; Kubernetes' defaults (kubelet's Lease renewal, node-monitor-grace-period, pod-eviction-timeout)."""

    heartbeat: float = 10.0
    node_grace_period: float = 40.0
    eviction_after: float = 300.0


@dataclass(frozen=True)
class ClusterConfig:
    """A whole cluster."""

    name: str
    nodes: tuple[NodeConfig, ...]
    networking: Networking = Networking()
    timers: Timers = Timers()
    store: str = "sqlite"
    driver: str = "netns"
    dns: DnsConfig = DnsConfig()
    load_balancer: LoadBalancerConfig = LoadBalancerConfig()

    def node(self, name: str) -> NodeConfig:
        """The node of that name. Raises ConfigError if there is none."""
        for node in self.nodes:
            if node.name == name:
                return node
        names = ", ".join(node.name for node in self.nodes) or "none"
        raise ConfigError(f"node {name!r} not found in cluster {self.name!r} (its nodes: {names})")


def new_node(nodes: tuple[NodeConfig, ...], name: str = "", labels: Mapping[str, str] | None = None) -> NodeConfig:
    """One node more, with the smallest free number and, unless given, the first free name `node-N`.

    Raises ConfigError for a name that is taken.
    """
    numbers, names = {node.number for node in nodes}, {node.name for node in nodes}
    number = next(n for n in range(1, len(nodes) + 2) if n not in numbers)
    if name in names:
        raise ConfigError(f"node {name!r} exists already")
    chosen = name or next(f"node-{n}" for n in range(number, number + len(nodes) + 1) if f"node-{n}" not in names)
    return NodeConfig(chosen, number, labels or {})


def node_name(text: str, path: str) -> str:
    """The text, if a node can be called so. Raises ConfigError otherwise."""
    if text in RESERVED or text.endswith(AGENT_SUFFIX):
        raise ConfigError(f"{path}: {text!r} is reserved")
    return dns_label(text, path)


def with_nodes(count: int) -> tuple[NodeConfig, ...]:
    """`count` nodes without labels: node-1, node-2, ..."""
    return tuple(NodeConfig(f"node-{n}", n) for n in range(1, count + 1))

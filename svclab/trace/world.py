"""What the API holds, as far as it decides the way of a packet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

from protos.addresses import parse_address, parse_cidr
from protos.kubernetes import core_pb2, discovery_pb2

ZONE_LABEL = "topology.kubernetes.io/zone"
PROXY_NAME_LABEL = "service.kubernetes.io/service-proxy-name"
EXCLUDE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers"
SCALE_DOWN_TAINT = "ToBeDeletedByClusterAutoscaler"

ServiceKey = tuple[str, str]  # namespace, name


@dataclass(frozen=True)
class Node:
    """A node. `addresses`: all of them, internal ones first; `is_member`: load balancers may use it."""

    name: str
    addresses: tuple[str, ...] = ()
    pod_cidrs: tuple[str, ...] = ()
    zone: str = ""
    is_ready: bool = True
    is_member: bool = True
    node_port_ranges: tuple[str, ...] = ()
    masquerades_all: bool = False  # its own pods too, on their way to a ClusterIP

    def answers_node_ports(self, ip: str) -> bool:
        """Whether node ports answer on an address: of these ranges, or the primary one of its family."""
        if not self.node_port_ranges:
            return ip == self.primary(ip)
        return ip in self.addresses and any(within(ip, cidr) for cidr in self.node_port_ranges)

    def primary(self, like: str) -> str:
        """The first address of the same family: what masqueraded packets come from."""
        return next((ip for ip in self.addresses if (":" in ip) == (":" in like)), "")

    def has_pod(self, ip: str) -> bool:
        """Whether an address lies in the node's pod range: so its proxy tells its own pods from the rest."""
        return any(within(ip, cidr) for cidr in self.pod_cidrs)


@dataclass(frozen=True)
class Pod:
    """A pod that has a node. `asks_cluster_dns`: its resolv.conf names the cluster DNS."""

    namespace: str
    name: str
    node: str
    addresses: tuple[str, ...]
    host_network: bool = False
    asks_cluster_dns: bool = True

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class World:
    """Everything together. `service_ranges` is () where it is not known."""

    services: Mapping[ServiceKey, core_pb2.Service] = field(default_factory=dict)
    slices: tuple[discovery_pb2.EndpointSlice, ...] = ()
    nodes: Mapping[str, Node] = field(default_factory=dict)
    pods: tuple[Pod, ...] = ()
    service_ranges: tuple[str, ...] = ()
    domain: str = "cluster.local"

    def pod(self, namespace: str, name: str) -> Pod | None:
        return next((pod for pod in self.pods if (pod.namespace, pod.name) == (namespace, name)), None)

    def pod_at(self, ip: str) -> Pod | None:
        """The pod with an address of its own; those on a node's network share the node's."""
        return next((pod for pod in self.pods if ip in pod.addresses and not pod.host_network), None)

    def holds(self, ip: str) -> bool:
        """Whether an address is a node's or in a node's pod range: inside, where nobody's address is changed."""
        return any(ip in node.addresses or node.has_pod(ip) for node in self.nodes.values())

    def node_at(self, ip: str) -> Node | None:
        return next((node for node in self.nodes.values() if ip in node.addresses), None)


def world(
    services: Iterable[core_pb2.Service],
    slices: Iterable[discovery_pb2.EndpointSlice],
    nodes: Iterable[core_pb2.Node],
    pods: Iterable[core_pb2.Pod],
    service_ranges: tuple[str, ...] = (),
    domain: str = "cluster.local",
    node_port_ranges: tuple[str, ...] = (),
    masquerade_all: bool = False,
) -> World:
    """From the API's objects."""
    known = {found.metadata.name: _node(found) for found in sorted(nodes, key=lambda node: node.metadata.name)}
    return World(
        {(found.metadata.namespace, found.metadata.name): found for found in services},
        tuple(slices),
        {
            name: replace(node, node_port_ranges=node_port_ranges, masquerades_all=masquerade_all)
            for name, node in known.items()
        },
        tuple(_pod(found) for found in pods if found.spec.nodeName and found.status.phase in ("Running", "Pending")),
        service_ranges,
        domain,
    )


def within(ip: str, cidr: str) -> bool:
    """Whether an address lies in a network; False for what is none, or of the other family."""
    address, network = parse_address(ip), parse_cidr(cidr.strip())
    return address is not None and network is not None and address in network


def _node(found: core_pb2.Node) -> Node:
    addresses = [(item.type != "InternalIP", item.address) for item in found.status.addresses if _is_ip(item.address)]
    ready = any(condition.type == "Ready" and condition.status == "True" for condition in found.status.conditions)
    excluded = found.metadata.labels.get(EXCLUDE_LABEL, "false") != "false"
    leaving = any(taint.key == SCALE_DOWN_TAINT for taint in found.spec.taints)
    return Node(
        name=found.metadata.name,
        addresses=tuple(ip for _, ip in sorted(addresses, key=lambda item: item[0])),
        pod_cidrs=tuple(found.spec.podCIDRs) or tuple(filter(None, [found.spec.podCIDR])),
        zone=found.metadata.labels.get(ZONE_LABEL, ""),
        is_ready=ready,
        is_member=not excluded and not leaving and not found.metadata.HasField("deletionTimestamp"),
    )


def _pod(found: core_pb2.Pod) -> Pod:
    policies = (
        ("ClusterFirstWithHostNet",) if found.spec.hostNetwork else ("", "ClusterFirst", "ClusterFirstWithHostNet")
    )
    return Pod(
        namespace=found.metadata.namespace,
        name=found.metadata.name,
        node=found.spec.nodeName,
        addresses=tuple(item.ip for item in found.status.podIPs) or tuple(filter(None, [found.status.podIP])),
        host_network=found.spec.hostNetwork,
        asks_cluster_dns=found.spec.dnsPolicy in policies,
    )


def _is_ip(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False

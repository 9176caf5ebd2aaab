"""A cluster's configuration as a document: read from a kind-style file, completed, and stored in the same form."""

from ipaddress import ip_network
from typing import Any

from svclab.cluster.config import (
    DEFAULT_NAME,
    DRIVERS,
    FAMILIES,
    MOST_NODES,
    PEERS,
    POD_NETWORKS,
    STORES,
    ClusterConfig,
    IPNetwork,
    Networking,
    NodeConfig,
    Timers,
    new_node,
    node_name,
    with_nodes,
)
from svclab.cluster.document import Section
from svclab.cluster.errors import ConfigError
from svclab.cluster.network_services import fields, read_dns, read_load_balancer

API_VERSION = "svclab/v1alpha1"
KIND = "Cluster"
ROLES = ("worker", "control-plane")  # kind's roles: here every node runs pods, and the control plane needs none


def from_document(value: object) -> ClusterConfig:
    """The configuration in a document as parsed from YAML or JSON. Raises ConfigError naming the field."""
    if value is None:
        raise ConfigError("the configuration: is empty")
    top = Section.of(value, "")
    top.constant("kind", KIND)
    top.constant("apiVersion", API_VERSION)
    networking = _networking(top.section("networking"))
    config = ClusterConfig(
        name=top.name("name", DEFAULT_NAME),
        store=top.choice("store", STORES, "sqlite"),
        driver=top.choice("driver", DRIVERS, "netns"),
        networking=networking,
        dns=read_dns(top.section("dns")),
        load_balancer=read_load_balancer(top.section("loadBalancer"), networking.node_subnets),
        timers=_timers(top.section("timers")),
        nodes=_nodes(top.sections("nodes")) if top.has("nodes") else with_nodes(3),
    )
    top.finish()
    return config


def to_document(config: ClusterConfig) -> dict[str, Any]:
    """The configuration as `from_document` reads it."""
    network = config.networking
    return {
        "kind": KIND,
        "apiVersion": API_VERSION,
        "name": config.name,
        "store": config.store,
        "driver": config.driver,
        "nodes": [
            {
                "name": node.name,
                "number": node.number,
                "labels": dict(node.labels),
                "powered": node.powered,
                "disconnectedFrom": list(node.cut_from),
            }
            for node in config.nodes
        ],
        "networking": {
            "ipFamily": network.ip_family,
            "podNetwork": network.pod_network,
            "podSubnet": ",".join(map(str, network.pod_subnets)),
            "serviceSubnet": ",".join(map(str, network.service_subnets)),
            "nodeSubnet": ",".join(map(str, network.node_subnets)),
            "nodePortRange": "{}-{}".format(*network.node_port_range),
            "nodePortAddresses": [*map(str, network.node_port_addresses)],
            "masqueradeAll": network.masquerade_all,
            "clusterDomain": network.cluster_domain,
        },
        "timers": {
            "heartbeat": config.timers.heartbeat,
            "nodeMonitorGracePeriod": config.timers.node_grace_period,
            "podEvictionTimeout": config.timers.eviction_after,
        },
        **fields(config.dns, config.load_balancer),
    }


def _nodes(sections: list[Section]) -> tuple[NodeConfig, ...]:
    nodes: tuple[NodeConfig, ...] = ()
    for section in sections:
        section.choice("role", ROLES, "worker")
        free = new_node(nodes)
        node = NodeConfig(
            name=node_name(section.text("name", free.name), section.at("name")),
            number=section.integer("number", free.number, 1, MOST_NODES),
            labels=section.strings("labels"),
            powered=section.flag("powered", True),
            cut_from=section.choices("disconnectedFrom", PEERS),
        )
        for other in nodes:
            if node.name == other.name or node.number == other.number:
                raise ConfigError(f"{section.path}: the name or number of {other.name!r} again")
        section.finish()
        nodes += (node,)
    return nodes


def _networking(section: Section) -> Networking:
    default = Networking()
    family = section.choice("ipFamily", FAMILIES, default.ip_family)
    network = Networking(
        ip_family=family,
        pod_network=section.choice("podNetwork", POD_NETWORKS, default.pod_network),
        pod_subnets=_subnets(section, "podSubnet", _by_family(family, "10.244.0.0/16", "fd00:10:244::/56"), family),
        service_subnets=_subnets(
            section, "serviceSubnet", _by_family(family, "10.96.0.0/16", "fd00:10:96::/112"), family
        ),
        node_subnets=_subnets(section, "nodeSubnet", "", family),
        node_port_range=section.port_range("nodePortRange", default.node_port_range),
        node_port_addresses=_node_port_addresses(
            section.get("nodePortAddresses", list, []), section.at("nodePortAddresses")
        ),
        masquerade_all=section.flag("masqueradeAll", default.masquerade_all),
        cluster_domain=section.text("clusterDomain", default.cluster_domain),
    )
    section.text("kubeProxyMode", "nftables")  # kind's field: there is one mode here
    section.finish()
    named = [
        *((f"{section.path}.podSubnet", subnet) for subnet in network.pod_subnets),
        *((f"{section.path}.serviceSubnet", subnet) for subnet in network.service_subnets),
        *((f"{section.path}.nodeSubnet", subnet) for subnet in network.node_subnets),
    ]
    for position, (field_path, subnet) in enumerate(named):
        for other_path, other in named[:position]:
            if subnet.version == other.version and subnet.overlaps(other):
                raise ConfigError(f"{field_path}: {subnet} overlaps with {other_path} {other}")
    return network


def _node_port_addresses(texts: list[object], path: str) -> tuple[IPNetwork, ...]:
    """As kube-proxy's option of that name takes them: CIDRs, or the one word `primary`."""
    if texts == ["primary"]:
        return ()
    try:
        return tuple(ip_network(str(text)) for text in texts)
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None


def _by_family(family: str, ipv4: str, ipv6: str) -> str:
    return {"ipv4": ipv4, "ipv6": ipv6, "dual": f"{ipv4},{ipv6}"}[family]


def _subnets(section: Section, key: str, default: str, family: str) -> tuple[IPNetwork, ...]:
    text = section.text(key, default)
    try:
        subnets = tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ConfigError(f"{section.path}.{key}: {error}") from None
    wanted = {"ipv4": [4], "ipv6": [6], "dual": [4, 6]}[family]
    if subnets and sorted(subnet.version for subnet in subnets) != wanted:
        raise ConfigError(f"{section.path}.{key}: {text!r} does not fit ipFamily {family!r}")
    return subnets


def _timers(section: Section) -> Timers:
    default = Timers()
    timers = Timers(
        heartbeat=section.seconds("heartbeat", default.heartbeat),
        node_grace_period=section.seconds("nodeMonitorGracePeriod", default.node_grace_period),
        eviction_after=section.seconds("podEvictionTimeout", default.eviction_after),
    )
    section.finish()
    if timers.node_grace_period <= timers.heartbeat:
        raise ConfigError(
            f"{section.path}.nodeMonitorGracePeriod: must be longer than heartbeat ({timers.heartbeat:g}s)"
        )
    return timers

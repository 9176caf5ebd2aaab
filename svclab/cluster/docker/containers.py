"""What each container of a cluster is: its program, its place, and the few privileges that it needs. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from svclab.cluster.addresses import Plan
from svclab.cluster.config import ClusterConfig, NodeConfig
from svclab.cluster.docker.names import API_SERVER, CLOUD, OUTSIDE

API_PORT = 6443
STATE = "/var/lib/svclab"  # where the volume of a container is that runs as root
API_STATE = "/var/lib/svclab-apiserver"  # where the API server's is, which belongs to its own user
BUNDLES = {role: f"{API_STATE}/credentials/{role}" for role in ("admin", "cluster-dns", "cloud-controller")}
TOKEN = "token"  # in a node, below STATE: the join token that it was given
DNS_CREDENTIALS = "dns"  # in a node: for the pods of the cluster's DNS
CLOUD_CREDENTIALS = "own"  # in the cloud
RUN = "/run/svclab"
DNS = 10  # which address of the first service subnet the cluster's DNS has, as everywhere in Kubernetes
ORDINARY_USER = "10001"  # the image's user for all that needs no privilege

CLOUD_CAPABILITIES = ("NET_ADMIN", "NET_BIND_SERVICE")  # its links and rules; Services' own ports in mode `proxy`
CLOUD_SYSCTLS = {
    "net.ipv4.ip_forward": "1",
    "net.ipv4.conf.all.rp_filter": "0",
    "net.ipv4.conf.all.send_redirects": "0",
    "net.ipv6.conf.all.forwarding": "1",
}
NODE_CAPABILITIES = ("NET_ADMIN", "SYS_ADMIN")  # links, routes and nftables; namespaces and mounts of pods
NODE_SYSCTLS = {
    "net.ipv4.ip_forward": "1",
    "net.ipv4.conf.all.rp_filter": "0",
    "net.ipv4.conf.default.rp_filter": "0",
}
IPV6_SYSCTLS = {"net.ipv6.conf.all.disable_ipv6": "0", "net.ipv6.conf.all.forwarding": "1"}


@dataclass(frozen=True)
class Container:
    """One container."""

    part: str
    command: tuple[str, ...]
    number: int  # its host part in the node subnets
    volume: str = STATE  # where it keeps something; "" for nowhere
    user: str = ""
    capabilities: tuple[str, ...] = ()  # beyond docker's own; none of those are left where `user` is set
    sysctls: Mapping[str, str] = field(default_factory=dict)
    read_only: bool = False
    tmpfs: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = "SIGTERM"
    publish: int | None = None  # the port of 127.0.0.1 that leads to API_PORT


def api_server(config: ClusterConfig, host_port: int) -> Container:
    """The control plane: an ordinary user without a single capability."""
    plan = Plan(config.networking.node_subnets)
    network = config.networking
    own = [API_SERVER, *plan.addresses(Plan.API_SERVER)]
    flags = {
        "--socket": f"{RUN}/api.sock",
        "--state-dir": API_STATE,
        "--cluster-name": config.name,
        "--store": config.store,
        "--listen": f"0.0.0.0:{API_PORT}" if network.ip_family == "ipv4" else f"[::]:{API_PORT}",
        "--service-cidr": ",".join(map(str, network.service_subnets)),
        "--pod-cidr": ",".join(map(str, network.pod_subnets)),
        "--node-port-range": "{}-{}".format(*network.node_port_range),
        "--dns-replicas": str(config.dns.replicas),
        "--cluster-domain": network.cluster_domain,
        "--node-grace-period": f"{config.timers.node_grace_period:g}",
        "--eviction-after": f"{config.timers.eviction_after:g}",
    }
    arguments = [word for pair in flags.items() for word in pair]
    arguments += [word for address in own for word in ("--address", address)]
    arguments += [word for role, folder in BUNDLES.items() for word in ("--bundle", f"{role}={folder}")]
    return Container(
        part=API_SERVER,
        command=("python", "-m", "apiserver", *arguments),
        number=Plan.API_SERVER,
        volume=API_STATE,
        user=ORDINARY_USER,
        read_only=True,
        tmpfs={RUN: f"uid={ORDINARY_USER},mode=0700"},
        publish=host_port,
    )


def node(config: ClusterConfig, one: NodeConfig) -> Container:
    """A node: root in its container, with two capabilities more than docker gives, and never privileged."""
    plan = Plan(config.networking.node_subnets)
    network = config.networking
    flags = {
        "--node-name": one.name,
        "--server": _server(plan),
        "--credentials": f"{STATE}/credentials",
        "--join-token": f"{STATE}/{TOKEN}",
        "--dns-credentials": f"{STATE}/{DNS_CREDENTIALS}",
        "--cluster-dns": str(network.service_subnets[0][DNS]),
        "--state-dir": STATE,
        "--cluster-domain": network.cluster_domain,
        "--cluster-cidr": ",".join(map(str, network.pod_subnets)),
        "--service-cidr": ",".join(map(str, network.service_subnets)),
        "--pod-network": network.pod_network,
        "--heartbeat": f"{config.timers.heartbeat:g}",
        "--lease-duration": f"{config.timers.node_grace_period:g}",
    }
    addresses = [word for address in plan.addresses(Plan.of_node(one.number)) for word in ("--node-ip", address)]
    addresses += [word for found in network.node_port_addresses for word in ("--node-port-address", str(found))]
    addresses += ["--masquerade-all"] if network.masquerade_all else []
    labels = [word for key, value in one.labels.items() for word in ("--label", f"{key}={value}")]
    return Container(
        part=one.name,
        command=("svclab-node", *(word for pair in flags.items() for word in pair), *addresses, *labels),
        number=Plan.of_node(one.number),
        capabilities=NODE_CAPABILITIES,
        sysctls=NODE_SYSCTLS if network.ip_family == "ipv4" else NODE_SYSCTLS | IPV6_SYSCTLS,
        read_only=True,
        tmpfs={"/run": "", "/tmp": ""},
    )


def cloud(config: ClusterConfig) -> Container:
    """The mock cloud, which is the load balancer too: root without docker's own capabilities but those it needs."""
    plan = Plan(config.networking.node_subnets)
    balancer = config.load_balancer
    pool = tuple(map(str, balancer.pool)) or tuple(plan.load_balancers())
    flags = {
        "--server": _server(plan),
        "--credentials": f"{STATE}/{CLOUD_CREDENTIALS}",
        "--state-dir": STATE,
        "--mode": balancer.mode,
        "--load-balancer-class": balancer.load_balancer_class,
        "--probe-interval": f"{balancer.probe_interval:g}",
        "--probe-failures": str(balancer.probe_failures),
        "--probe-successes": str(balancer.probe_successes),
    }
    pools = [word for network in pool for word in ("--pool", network)]
    return Container(
        part=CLOUD,
        command=("python", "-m", "cloud_controller", *(word for pair in flags.items() for word in pair), *pools),
        number=Plan.CLOUD,
        user="0",
        capabilities=CLOUD_CAPABILITIES,
        sysctls=CLOUD_SYSCTLS,
        read_only=True,
    )


def _server(plan: Plan) -> str:
    address = plan.addresses(Plan.API_SERVER)[0]
    return f"[{address}]:{API_PORT}" if ":" in address else f"{address}:{API_PORT}"


def outside(config: ClusterConfig) -> Container:
    """The client beside the nodes: it only is there."""
    return Container(
        part=OUTSIDE,
        command=("sleep", "infinity"),
        number=Plan.OUTSIDE,
        volume="",
        user=ORDINARY_USER,
        read_only=True,
        tmpfs={"/tmp": ""},
        stop_signal="SIGKILL",  # it would wait for the end of time
    )

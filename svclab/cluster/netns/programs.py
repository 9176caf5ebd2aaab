"""The programs that a cluster runs, from the cluster's configuration to theirs."""

import gc
from collections.abc import Callable, Iterable
from importlib import import_module

from svclab.cluster.addresses import Plan
from svclab.cluster.config import ClusterConfig, IPNetwork, NodeConfig
from svclab.cluster.state import StateFolder

# Loaded once, in the process that all others are forked from. gRPC may be loaded before a fork, but not used.
MACHINES = ("grpc.aio", "node_agent.main", "cloud_controller.main")
CONTROL_PLANE = ("apiserver.main",)
_DNS = 10  # which address of the first service subnet the cluster's DNS has, as everywhere in Kubernetes


def warm(modules: Iterable[str]) -> None:
    """Loads modules, and hides them from the garbage collector so that forks share their pages."""
    for module in modules:
        import_module(module)
    gc.collect()
    gc.freeze()


def api_server(state: StateFolder, config: ClusterConfig) -> Callable[[], int]:
    """The API server with its controllers."""

    def main() -> int:
        from apiserver.config import Config
        from apiserver.main import run

        return run(
            Config(
                socket=state.api_listener,
                state_dir=state.store,
                cluster_name=config.name,
                store="memory" if config.store == "memory" else "sqlite",
                service_cidr=_cidrs(config.networking.service_subnets),
                pod_cidr=_cidrs(config.networking.pod_subnets),
                dns_replicas=config.dns.replicas,
                node_port_range=config.networking.node_port_range,
                cluster_domain=config.networking.cluster_domain,
                node_grace_period=config.timers.node_grace_period,
                eviction_after=config.timers.eviction_after,
            )
        )

    return main


def node_agent(state: StateFolder, config: ClusterConfig, node: NodeConfig) -> Callable[[], int]:
    """The agent of one node."""
    addresses = Plan(config.networking.node_subnets).addresses(Plan.of_node(node.number))

    def main() -> int:
        from node_agent.config import Config
        from node_agent.main import run

        return run(
            Config(
                node_name=node.name,
                server=f"unix:{state.api_listener}",
                node_ips=tuple(addresses),
                state_dir=state.node(node.name),
                cluster_cidr=_cidrs(config.networking.pod_subnets),
                service_cidr=_cidrs(config.networking.service_subnets),
                cluster_domain=config.networking.cluster_domain,
                masquerade_all=config.networking.masquerade_all,
                node_port_addresses=tuple(map(str, config.networking.node_port_addresses)),
                dns_ip=str(config.networking.service_subnets[0][_DNS]),
                pod_network="vxlan" if config.networking.pod_network == "vxlan" else "routes",
                labels=node.labels,
                heartbeat=config.timers.heartbeat,
                lease_duration=config.timers.node_grace_period,
            )
        )

    return main


def cloud(state: StateFolder, config: ClusterConfig) -> Callable[[], int]:
    """The mock cloud, which is the load balancer too."""
    balancer = config.load_balancer
    pool = tuple(map(str, balancer.pool)) or tuple(Plan(config.networking.node_subnets).load_balancers())

    def main() -> int:
        from cloud_controller.config import Cadence, Config
        from cloud_controller.main import run

        return run(
            Config(
                server=f"unix:{state.api_listener}",
                state_dir=state.cloud,
                pool=pool,
                load_balancer_class=balancer.load_balancer_class,
                default_mode="proxy" if balancer.mode == "proxy" else "vip",
                cadence=Cadence(balancer.probe_interval, balancer.probe_failures, balancer.probe_successes),
            )
        )

    return main


def _cidrs(subnets: tuple[IPNetwork, ...]) -> str:
    """One or two subnets as Kubernetes' options take them."""
    return ",".join(map(str, subnets))

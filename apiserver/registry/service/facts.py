"""Questions about a Service that many rules ask."""

from collections.abc import Sequence

from protos.kubernetes.core_pb2 import Service

CLUSTER_IP = "ClusterIP"
NODE_PORT = "NodePort"
LOAD_BALANCER = "LoadBalancer"
EXTERNAL_NAME = "ExternalName"
NONE = "None"

SINGLE_STACK = "SingleStack"
PREFER_DUAL_STACK = "PreferDualStack"
REQUIRE_DUAL_STACK = "RequireDualStack"

PROXIED = frozenset({CLUSTER_IP, NODE_PORT, LOAD_BALANCER})


def needs_cluster_ip(service: Service) -> bool:
    """Whether clusterIP has a meaning; "None" is one."""
    return service.spec.type in PROXIED


def is_headless(service: Service) -> bool:
    return list(service.spec.clusterIPs) == [NONE] or service.spec.clusterIP == NONE


def has_address(service: Service) -> bool:
    """Whether the Service is one that gets addresses."""
    return needs_cluster_ip(service) and not is_headless(service)


def needs_node_ports(service: Service) -> bool:
    """Whether ports may have node ports."""
    return service.spec.type in (NODE_PORT, LOAD_BALANCER)


def allocates_node_ports(service: Service) -> bool:
    """Whether ports get node ports without asking."""
    spec = service.spec
    if spec.type == LOAD_BALANCER:
        return spec.allocateLoadBalancerNodePorts or not spec.HasField("allocateLoadBalancerNodePorts")
    return spec.type == NODE_PORT


def is_externally_accessible(service: Service) -> bool:
    spec = service.spec
    return spec.type in (NODE_PORT, LOAD_BALANCER) or (spec.type == CLUSTER_IP and bool(spec.externalIPs))


def needs_health_check(service: Service) -> bool:
    """Whether load balancers ask a health check node port which nodes have endpoints."""
    return service.spec.type == LOAD_BALANCER and service.spec.externalTrafficPolicy == "Local"


def same(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether two repeated fields hold the same."""
    return list(first) == list(second)


def families_and_addresses_agree(new: Service, old: Service) -> bool:
    """Whether nothing about families and addresses changed."""
    return (
        new.spec.clusterIP == old.spec.clusterIP
        and same(new.spec.clusterIPs, old.spec.clusterIPs)
        and same(new.spec.ipFamilies, old.spec.ipFamilies)
        and new.spec.ipFamilyPolicy == old.spec.ipFamilyPolicy
    )

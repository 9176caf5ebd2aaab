"""Cutting a cluster's pod range into the podCIDRs of nodes. Pure."""

from collections.abc import Collection
from ipaddress import ip_network

NODE_PREFIX = {4: 24, 6: 64}  # the length of a node's podCIDR (kube-controller-manager's node-cidr-mask-size)


def first_free(cluster_cidr: str, used: Collection[str]) -> str:
    """The lowest podCIDR in the cluster's range that overlaps none of the used ones; "" if there is none."""
    cluster = ip_network(cluster_cidr)
    prefix = max(NODE_PREFIX[cluster.version], cluster.prefixlen)
    taken = [network for network in map(ip_network, used) if network.version == cluster.version]
    exact = {str(network) for network in taken if network.prefixlen == prefix}
    odd = [network for network in taken if network.prefixlen != prefix]
    for subnet in cluster.subnets(new_prefix=prefix):
        if str(subnet) not in exact and not any(subnet.overlaps(network) for network in odd):
            return str(subnet)
    return ""


def missing_families(cluster_cidrs: Collection[str], pod_cidrs: Collection[str]) -> list[str]:
    """The cluster ranges of which a node has no podCIDR yet."""
    have = {ip_network(cidr).version for cidr in pod_cidrs}
    return [cidr for cidr in cluster_cidrs if ip_network(cidr).version not in have]

"""Pods that talk to the world outside of the cluster do so with their node's address, which answers find their way to.

Inside the cluster, pods and nodes see each other's own addresses.
"""

from collections.abc import Iterable
from ipaddress import ip_network

from node_agent.network.routes import internal_ips
from node_agent.nft.kernel import Nft
from node_agent.nft.objects import Chain, Family, Hook, Set, Table
from node_agent.nft.transaction import ReplaceTable, Transaction
from protos.kubernetes import core_pb2

TABLE = "svclab-egress"
FAMILIES: dict[Family, int] = {"ip": 4, "ip6": 6}
AFTER_SERVICES = 110  # what the proxy masquerades itself is settled by then


def desired_table(
    family: Family, own_name: str, nodes: Iterable[core_pb2.Node], cluster_cidrs: Iterable[str]
) -> Table | None:
    """The table of a family; None where this node has no pods of it."""
    inside, pods = dict.fromkeys(cluster_cidrs, ""), dict[str, str]()
    for node in nodes:
        inside |= dict.fromkeys(internal_ips(node), "")
        if node.metadata.name == own_name:
            pods |= dict.fromkeys(node.spec.podCIDRs, "")
    inside, pods = _of_family(family, inside), _of_family(family, pods)
    if not pods:
        return None
    kind = "ipv6_addr" if family == "ip6" else "ipv4_addr"
    rule = f"{family} saddr @pods {family} daddr != @inside fib daddr type unicast masquerade fully-random"
    sets = tuple(Set(name, kind, flags=("interval",)) for name in ("pods", "inside"))
    chain = Chain("postrouting", (rule,), Hook("nat", "postrouting", AFTER_SERVICES))
    return Table(family, TABLE, sets, (chain,), {"pods": pods, "inside": inside})


def _of_family(family: Family, networks: dict[str, str]) -> dict[str, str]:
    return {text: "" for text in networks if ip_network(text).version == FAMILIES[family]}


class Egress:
    """Keeps the kernel's tables equal to what is desired."""

    def __init__(self, nft: Nft, own_name: str, cluster_cidrs: Iterable[str]) -> None:
        self._nft = nft
        self._own_name = own_name
        self._cluster_cidrs = tuple(cluster_cidrs)
        self._applied: dict[Family, Table] = {}

    def apply(self, nodes: list[core_pb2.Node]) -> None:
        """Raises NftError for what the kernel refuses; that is tried again next time."""
        for family in FAMILIES:
            desired = desired_table(family, self._own_name, nodes, self._cluster_cidrs)
            if desired is not None and desired != self._applied.get(family):
                self._nft.run(Transaction([ReplaceTable(desired)]))
                self._applied[family] = desired

"""Cuts a node off from the API server or from the other nodes: rules in the node's own network namespace. Pure."""

from collections.abc import Collection, Sequence
from ipaddress import IPv4Network, IPv6Network

from svclab.cluster.addresses import Plan

TABLE = "inet svclab-partition"
_Network = IPv4Network | IPv6Network


def commands(plan: Plan, pods: Sequence[_Network], cut_from: Collection[str]) -> str:
    """What `nft` shall do so that the node is cut off from these peers (config.PEERS) and no others."""
    begin = f"add table {TABLE}; delete table {TABLE}"
    if not cut_from:
        return begin
    rules = "; ".join(
        f"ip{'6' if ':' in one else ''} {side} {one} drop"
        for one in _addresses(plan, pods, cut_from)
        for side in ("saddr", "daddr")
    )
    chains = " ".join(
        f"chain {name} {{ type filter hook {hook} priority -350; {device} eth0 jump peers; }}"
        for name, hook, device in (("in", "prerouting", "iifname"), ("out", "postrouting", "oifname"))
    )
    return f"{begin}; table {TABLE} {{ chain peers {{ {rules}; }} {chains} }}"


def _addresses(plan: Plan, pods: Sequence[_Network], cut_from: Collection[str]) -> Sequence[str]:
    found: list[str] = []
    if "api" in cut_from:
        found += plan.addresses(Plan.API_SERVER)
    if "nodes" in cut_from:
        first, last = plan.addresses(Plan.of_node(1)), plan.addresses(Plan.of_node(Plan.MOST_NODES))
        found += [f"{low}-{high}" for low, high in zip(first, last, strict=True)]
        found += [str(network) for network in pods]
    return found

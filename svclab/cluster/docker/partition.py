"""Cuts a node off from the API server or from the other nodes: rules in the node's own network namespace. Pure."""

from collections.abc import Collection, Sequence
from ipaddress import IPv4Network, IPv6Network

from svclab.cluster.addresses import Plan

FOLDER, FILE = "partition", "rules"  # where a node keeps them; compose/svclab-partition reads them at every start
TABLE = "inet svclab-partition"
_Network = IPv4Network | IPv6Network


def commands(plan: Plan, pods: Sequence[_Network], cut_from: Collection[str]) -> str:
    """What `nft` shall do so that the node is cut off from these peers (config.PEERS) and no others."""
    lines = [f"add table {TABLE}", f"delete table {TABLE}"]
    if not cut_from:
        return "\n".join(lines)
    lines += [f"table {TABLE} {{", "chain peers {"]
    for one in _addresses(plan, pods, cut_from):
        lines += [f"ip{'6' if ':' in one else ''} {side} {one} drop" for side in ("saddr", "daddr")]
    lines.append("}")
    for name, hook, device in (("in", "prerouting", "iifname"), ("out", "postrouting", "oifname")):
        lines += [f"chain {name} {{", f"type filter hook {hook} priority -350", f"{device} eth0 jump peers", "}"]
    return "\n".join([*lines, "}"])


def _addresses(plan: Plan, pods: Sequence[_Network], cut_from: Collection[str]) -> Sequence[str]:
    found: list[str] = []
    if "api" in cut_from:
        found += plan.addresses(Plan.API_SERVER)
    if "nodes" in cut_from:
        first, last = plan.addresses(Plan.of_node(1)), plan.addresses(Plan.of_node(Plan.MOST_NODES))
        found += [f"{low}-{high}" for low, high in zip(first, last, strict=True)]
        found += [str(network) for network in pods]
    return found

"""Who answers on an address and port that several Services claim: never two elements with one key.

A ClusterIP goes before a node port, a node port before an external address; among equals the older Service wins, then
the one whose name comes first. Upstream leaves this undefined.
"""

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from node_agent.proxy.facts import NodeFacts, ServicePort, ServicePortName


class Rank(IntEnum):
    """The kinds of address, those with more right first."""

    CLUSTER_IP = 0
    NODE_PORT = 1
    EXTERNAL = 2


class Claim(NamedTuple):
    """One svc-port's claim of one address; claims compare by right."""

    rank: Rank
    created: int
    owner: ServicePortName
    ip: str

    @property
    def is_ipv6(self) -> bool:
        return ":" in self.ip


Claimed = dict[str, Claim]  # "10.96.0.1 . tcp . 80" -> the claim


def claims_of(port: ServicePort, node: NodeFacts) -> Claimed:
    """Every address that the svc-port would answer on at this node: of the families that the Service has."""
    claimed: Claimed = {}
    families = {":" in ip for ip in port.cluster_ips}

    def claim(rank: Rank, addresses: Iterable[str], number: int) -> None:
        for ip in (ip for ip in addresses if ip and (":" in ip) in families):
            claimed.setdefault(f"{ip} . {port.protocol} . {number}", Claim(rank, port.created, port.name, ip))

    claim(Rank.CLUSTER_IP, port.cluster_ips, port.port)
    if port.node_port:
        claim(Rank.NODE_PORT, node.addresses, port.node_port)
    claim(Rank.EXTERNAL, (*port.external_ips, *port.load_balancer_ips), port.port)
    return claimed


class Claims:
    """All claims; tells which svc-ports are touched when somebody's change."""

    def __init__(self) -> None:
        self._by_owner: dict[ServicePortName, Claimed] = {}
        self._contested: dict[str, list[Claim]] = {}  # sorted; only where there are several
        self._holders: dict[str, Claim] = {}

    def put(self, owner: ServicePortName, claimed: Claimed) -> set[ServicePortName]:
        """Replaces the claims of one svc-port. Returns the others who win or lose an address by it."""
        before = self._by_owner.pop(owner, {})
        if claimed:
            self._by_owner[owner] = claimed
        touched: set[ServicePortName] = set()
        for vip in before.keys() - claimed.keys():
            touched |= self._change(vip, before[vip], None)
        for vip, claim in claimed.items():
            if before.get(vip) != claim:
                touched |= self._change(vip, before.get(vip), claim)
        return touched - {owner}

    def held(self, owner: ServicePortName) -> Claimed:
        """What the svc-port really answers on."""
        claimed = self._by_owner.get(owner, {})
        return {vip: claim for vip, claim in claimed.items() if self._holders[vip] == claim}

    def lost(self, owner: ServicePortName) -> dict[str, ServicePortName]:
        """What the svc-port would answer on if another had no more right to it, and who that is."""
        claimed = self._by_owner.get(owner, {})
        return {vip: self._holders[vip].owner for vip, claim in claimed.items() if self._holders[vip] != claim}

    def _change(self, vip: str, old: Claim | None, new: Claim | None) -> set[ServicePortName]:
        holder = self._holders.get(vip)
        rivals = self._contested.pop(vip, [holder] if holder is not None else [])
        claims = sorted([*(claim for claim in rivals if claim != old), *([new] if new else [])])
        if len(claims) > 1:
            self._contested[vip] = claims
        if claims:
            self._holders[vip] = claims[0]
        else:
            self._holders.pop(vip, None)
        return {claim.owner for claim in (holder, *claims[:1]) if claim is not None}

"""The fixed part of the table: sets, maps and chains, whatever the Services are. One function a kind of chain.

    prerouting, output   firewall (source ranges), before the address is translated
    nat prerouting, output
        services ── external-local ──> short circuits: pods and this node use every endpoint
           │
           ├─ services map: address . protocol . port -> balance-N | sticky-T-N | drop | reject-packet
           ├─ an address of a Service, but no such port: refused
           └─ an address that no Service has: dropped
    nat postrouting      masquerade what is marked, and pods that reach themselves

The chains of the nat hooks see the first packet of a connection only; conntrack carries the others.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from node_agent.nft.objects import Chain, Hook, Set, Table
from node_agent.proxy.elements import ElementSets, Treatment
from node_agent.proxy.facts import NodeFacts

TABLE = "svclab"
MASQUERADE_MARK = 0x4000
FIREWALL_PRIORITY, DNAT_PRIORITY, SNAT_PRIORITY = -110, -100, 100
AFFINITY_CLIENTS = 65536
# Chains for so many endpoints are there from the start. nft 1.0.6 cannot add one later, in another transaction than the
# maps it reads ("conflicting protocols"), so a larger Service means a new table: rounding up makes that rare.
LEAST_CHAINS = 16

Family = Literal["ip", "ip6"]
BASIC_TREATMENTS = frozenset(
    Treatment(count, 0, short) for count in range(1, LEAST_CHAINS + 1) for short in (False, True)
)


def table(family: Family, node: NodeFacts, service_ranges: Iterable[str], treatments: Iterable[Treatment]) -> Table:
    """The table without elements, with a chain for each of the treatments."""
    vip = f"{family} daddr . meta l4proto . th dport"
    ranges = [text for text in service_ranges if _is_of(family, text)]
    pods = [text for text in node.pod_cidrs if _is_of(family, text)]
    chains = (
        *_reject(),
        _mark_for_masquerade(family, vip, pods),
        *(_choosing(family, vip, treatment) for treatment in sorted(treatments, key=lambda found: found.chain)),
        _short_circuit(family, vip, pods),
        _services(family, vip, ranges),
        *_firewall(family, vip),
        Chain("nat-prerouting", ("jump services",), Hook("nat", "prerouting", DNAT_PRIORITY)),
        Chain("nat-output", ("jump services",), Hook("nat", "output", DNAT_PRIORITY)),
        _postrouting(family),
    )
    return Table(family, TABLE, _sets(family, vip), chains)


def with_elements(made: Table, elements: ElementSets) -> Table:
    """The same table, filled."""
    return replace(made, elements=elements)


def rounded_up(treatments: Iterable[Treatment]) -> frozenset[Treatment]:
    """The chains to make for these: every count up to the next power of two, so that Services can grow into them."""
    out = set(BASIC_TREATMENTS)
    for found in treatments:
        if found not in out:
            most = max(LEAST_CHAINS, 1 << (found.count - 1).bit_length())
            out.update(Treatment(count, found.seconds, found.short) for count in range(1, most + 1))
    return frozenset(out)


def _is_of(family: Family, text: str) -> bool:
    return (":" in text) == (family == "ip6")


def _sets(family: Family, vip: str) -> tuple[Set, ...]:
    address = "ipv6_addr" if family == "ip6" else "ipv4_addr"
    key, target = f"{address} . inet_proto . inet_service", f"{address} . inet_service"
    by_position = f"typeof {vip} . numgen random mod 2"  # the type of a position has no other name
    both = [("", ""), ("short-", "")]
    return (
        Set("cluster-ips", address),
        Set("masquerade-external", key),
        Set("external-local", key),
        Set("firewalled", key),
        Set("allowed-sources", f"{key} . {address}", flags=("interval",)),
        Set("hairpin", f"{address} . {address}"),
        Set("services", key, "verdict"),
        Set("short-circuits", key, "verdict"),
        *(Set(f"{prefix}endpoints", by_position, f"{family} daddr . th dport") for prefix, _ in both),
        *(Set(f"{prefix}slots", by_position, "ct mark") for prefix, _ in both),
        *(Set(f"{prefix}sticky-endpoints", f"{key} . mark", target) for prefix, _ in both),
        Set("affinity-ids", key, "mark"),
        Set("affinity", "mark", "mark", ("dynamic", "timeout"), AFFINITY_CLIENTS, "3h"),
    )


def _reject() -> tuple[Chain, ...]:
    return (Chain("reject-packet", ("meta l4proto tcp reject with tcp reset", "reject")),)


def _mark_for_masquerade(family: Family, vip: str, pods: list[str]) -> Chain:
    """Clients that are no pods of this node, and everything to an external address unless its policy is Local."""
    mark = f"meta mark set meta mark or {MASQUERADE_MARK:#x}"
    off_node = f"{family} saddr != {{ {', '.join(pods)} }} " if pods else ""
    return Chain(
        "mark-for-masquerade",
        (
            f"{family} daddr @cluster-ips {off_node}{mark}",
            f"{vip} @masquerade-external {mark}",
            f"{vip} @external-local fib saddr type local {mark}",
        ),
    )


def _choosing(family: Family, vip: str, treatment: Treatment) -> Chain:
    by_position, slots, by_slot = treatment.maps
    if treatment.seconds:
        rules = _sticky(family, vip, treatment, slots, by_slot)
    else:
        position = f"{vip} . numgen random mod {treatment.count}"
        rules = (_translate(family, f"{position} map @{by_position}"),)
    return Chain(treatment.chain, rules)


def _sticky(family: Family, vip: str, treatment: Treatment, slots: str, by_slot: str) -> tuple[str, ...]:
    """A client keeps its endpoint while it comes back within `seconds`, over all addresses of the svc-port.

    `affinity` maps a client to a slot. A client is the hash of its address and of the svc-port's number, since nft
    1.0.6 cannot keep more than 16 bytes as the key of a map that packets write. While the hash is in the packet's mark,
    the mark for masquerading has no place there: it is made again before the translation.
    """
    client = (
        f"ct mark set {vip} map @affinity-ids",
        f"meta mark set jhash {family} saddr . ct mark mod 0xffffffff",
    )
    remember = f"update @affinity {{ meta mark timeout {treatment.seconds}s : ct mark }}"
    translate = ("meta mark set 0x0", "jump mark-for-masquerade", _translate(family, f"{vip} . ct mark map @{by_slot}"))
    return (
        *client,
        remember,  # a client that is known is only kept longer
        "ct mark set meta mark map @affinity",
        *translate,  # no match: a new client, or its endpoint is gone
        *client,
        f"ct mark set {vip} . numgen random mod {treatment.count} map @{slots}",
        "delete @affinity { meta mark : 0x0 }",
        remember,
        *translate,
    )


def _translate(family: Family, endpoint: str) -> str:
    return f"meta l4proto {{ tcp, udp, sctp }} dnat {family} to {endpoint}"


def _short_circuit(family: Family, vip: str, pods: list[str]) -> Chain:
    """Pods and this node reach external addresses as if from inside: the policy Local is for clients from outside."""
    verdict = f"{vip} vmap @short-circuits"
    from_pods = (f"{family} saddr {{ {', '.join(pods)} }} {verdict}",) if pods else ()
    return Chain("short-circuit", (*from_pods, f"fib saddr type local {verdict}"))


def _services(family: Family, vip: str, ranges: list[str]) -> Chain:
    unallocated = (f"{family} daddr {{ {', '.join(ranges)} }} drop",) if ranges else ()
    return Chain(
        "services",
        (
            "jump mark-for-masquerade",
            f"{vip} @external-local jump short-circuit",
            f"{vip} vmap @services",
            f"{family} daddr @cluster-ips goto reject-packet",
            *unallocated,
        ),
    )


def _firewall(family: Family, vip: str) -> tuple[Chain, ...]:
    rules = (f"ct state new {vip} @firewalled {vip} . {family} saddr != @allowed-sources drop",)
    return (
        Chain("firewall-prerouting", rules, Hook("filter", "prerouting", FIREWALL_PRIORITY)),
        Chain("firewall-output", rules, Hook("filter", "output", FIREWALL_PRIORITY)),
    )


def _postrouting(family: Family) -> Chain:
    """The mark is taken off, so that a packet that is wrapped into another one is not masqueraded twice."""
    mark = f"{MASQUERADE_MARK:#x}"
    return Chain(
        "nat-postrouting",
        (
            f"meta mark & {mark} == {mark} meta mark set meta mark xor {mark} masquerade fully-random",
            f"ct status dnat {family} saddr . {family} daddr @hairpin masquerade fully-random",
        ),
        Hook("nat", "postrouting", SNAT_PRIORITY),
    )

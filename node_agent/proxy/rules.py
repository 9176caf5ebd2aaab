"""The fixed part of the table: sets, maps and chains, whatever the Services are. One function a kind of chain.

    prerouting, output   firewall (source ranges), before the address is translated
    nat prerouting, output
        services ── external-local ──> short circuits: pods and this node use every endpoint
           │
           ├─ services map: address . protocol . port -> number, and treatments map:
           │     number -> balance-N | sticky-T-N | drop | reject-packet
           ├─ an address of a Service, but no such port: refused
           └─ an address that no Service has: dropped
    nat postrouting      masquerade what is marked, and pods that reach themselves

The chains of the nat hooks see the first packet of a connection only; conntrack carries the others.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from node_agent.nft.objects import Chain, Hook, Set, Table
from node_agent.proxy.elements import DROP, REJECT, ElementSets, Treatment
from node_agent.proxy.facts import NodeFacts

TABLE = "svclab"
MASQUERADE_MARK = 0x4000
FIREWALL_PRIORITY, DNAT_PRIORITY, SNAT_PRIORITY = -110, -100, 100
AFFINITY, AFFINITY_CLIENTS = "affinity", 65536
HASH_SEED = 0x5BC1AB  # a rule without one gets its own, and no two rules would agree on a client

Family = Literal["ip", "ip6"]


def table(family: Family, node: NodeFacts, service_ranges: Iterable[str], treatments: Iterable[Treatment]) -> Table:
    """The table without elements, with a chain for each of the treatments."""
    vip = _vip(family)
    ranges = [text for text in service_ranges if _is_of(family, text)]
    pods = [text for text in node.pod_cidrs if _is_of(family, text)]
    chains = (
        *_reject(),
        _mark_for_masquerade(family, vip, [] if node.masquerade_all else pods),
        *choosing(family, treatments),
        _short_circuit(family, vip, pods),
        _services(family, vip, ranges),
        *_firewall(family, vip),
        Chain("nat-prerouting", ("jump services",), Hook("nat", "prerouting", DNAT_PRIORITY)),
        Chain("nat-output", ("jump services",), Hook("nat", "output", DNAT_PRIORITY)),
        _postrouting(family),
    )
    return Table(family, TABLE, _sets(family), chains)


def with_elements(made: Table, elements: ElementSets, treatments: Iterable[Treatment]) -> Table:
    """The same table, filled."""
    fixed = {str(DROP): "drop", str(REJECT): "goto reject-packet"}
    return replace(made, elements={"treatments": fixed | verdicts(treatments), **elements})


def choosing(family: Family, treatments: Iterable[Treatment]) -> tuple[Chain, ...]:
    """A chain for each treatment; all that grows in a table beside elements, and only where a treatment is new."""
    return tuple(_choosing(family, treatment) for treatment in _sorted(treatments))


def verdicts(treatments: Iterable[Treatment]) -> dict[str, str]:
    """The elements of `treatments` that lead to these chains."""
    return {str(treatment.number): f"goto {treatment.chain}" for treatment in _sorted(treatments)}


def _sorted(treatments: Iterable[Treatment]) -> list[Treatment]:
    return sorted(treatments, key=lambda treatment: treatment.number)


def _vip(family: Family) -> str:
    return f"{family} daddr . meta l4proto . th dport"


def _is_of(family: Family, text: str) -> bool:
    return (":" in text) == (family == "ip6")


def _sets(family: Family) -> tuple[Set, ...]:
    """Types are given by name: nft 1.0.6 cannot add a chain later that reads a map made with `typeof`."""
    address = "ipv6_addr" if family == "ip6" else "ipv4_addr"
    key, target = f"{address} . inet_proto . inet_service", f"{address} . inet_service"
    lists = ("", "short-")
    return (
        Set("cluster-ips", address),
        Set("masquerade-external", key),
        Set("external-local", key),
        Set("firewalled", key),
        Set("allowed-sources", f"{key} . {address}", flags=("interval",)),
        Set("hairpin", f"{address} . {address}"),
        Set("services", key, "mark"),
        Set("short-circuits", key, "mark"),
        Set("treatments", "mark", "verdict"),
        *(Set(f"{prefix}endpoints", f"{key} . mark", target) for prefix in lists),
        *(Set(f"{prefix}slots", f"{key} . mark", "mark") for prefix in lists),
        Set("affinity-ids", key, "mark"),
        Set(AFFINITY, "mark", "mark", ("dynamic", "timeout"), AFFINITY_CLIENTS, "3h"),
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


def _choosing(family: Family, treatment: Treatment) -> Chain:
    """The number of the chosen endpoint stands in the connection's mark, since a packet's mark may bear another."""
    if treatment.seconds:
        return Chain(treatment.chain, _sticky(family, treatment))
    translate = _translate(family, treatment)
    return Chain(treatment.chain, (f"ct mark set {_position(treatment)}", translate, *_first(translate)))


def _sticky(family: Family, treatment: Treatment) -> tuple[str, ...]:
    """A client keeps its endpoint while it comes back within `seconds`, over all addresses of the svc-port.

    `affinity` maps a client to a slot. A client is the hash of its address and of the svc-port's number, since nft
    1.0.6 cannot keep more than 16 bytes as the key of a map that packets write. While the hash is in the packet's mark,
    the mark for masquerading has no place there: it is made again before the translation.
    """
    vip = _vip(family)
    client = (
        f"ct mark set {vip} map @affinity-ids",
        f"meta mark set jhash {family} saddr . ct mark mod 0xffffffff seed {HASH_SEED:#x}",
    )
    remember = f"update @affinity {{ meta mark timeout {treatment.seconds}s : ct mark }}"
    translate = ("meta mark set 0x0", "jump mark-for-masquerade", _translate(family, treatment))
    return (
        *client,
        remember,  # a client that is known is only kept longer
        "ct mark set meta mark map @affinity",
        *translate,  # no match: a new client, or its endpoint is gone
        *client,
        f"ct mark set {_position(treatment)}",
        f"ct mark set {vip} . ct mark map @{treatment.slots}",
        "delete @affinity { meta mark : 0x0 }",
        remember,
        *translate,
        "drop",
    )


def _first(translate: str) -> tuple[str, ...]:
    """For a packet that read the number of endpoints just before a commit, and looks for the last of them just after:
    each look-up is of one state of the table, but not two of them. The first endpoint is always there."""
    return ("ct mark set 0x0", translate, "drop")


def _position(treatment: Treatment) -> str:
    return f"numgen random mod {treatment.count}"


def _translate(family: Family, treatment: Treatment) -> str:
    endpoint = f"{_vip(family)} . ct mark map @{treatment.endpoints}"
    return f"meta l4proto {{ tcp, udp, sctp }} dnat {family} to {endpoint}"


def _short_circuit(family: Family, vip: str, pods: list[str]) -> Chain:
    """Pods and this node reach external addresses as if from inside: the policy Local is for clients from outside."""
    treat = _treat(vip, "short-circuits")
    from_pods = (f"{family} saddr {{ {', '.join(pods)} }} {treat}",) if pods else ()
    return Chain("short-circuit", (*from_pods, f"fib saddr type local {treat}"))


def _treat(vip: str, services: str) -> str:
    """One rule, which ends where the first look-up finds nothing: the connection may bear a mark from before. The reset
    that refuses a connection passes here as well, as part of that connection."""
    return f"ct mark set {vip} map @{services} ct mark vmap @treatments"


def _services(family: Family, vip: str, ranges: list[str]) -> Chain:
    unallocated = (f"{family} daddr {{ {', '.join(ranges)} }} drop",) if ranges else ()
    return Chain(
        "services",
        (
            "jump mark-for-masquerade",
            f"{vip} @external-local jump short-circuit",
            _treat(vip, "services"),
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

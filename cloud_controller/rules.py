"""The fixed part of the load balancer's tables: sets, maps and chains, whatever is provisioned.

Connections stay on their node: a TCP connection of a `vip` is remembered with the node that its SYN went to, and its
other packets go there, whoever is in the rotation meanwhile. So a node that leaves it drains, and one that comes takes
nothing away. UDP has no connections: a client that goes on sending must not stay with a node that is dead. Conntrack
cannot do it, since the answers do not pass here, and without them it takes a connection for invalid.
"""

from typing import Literal

from node_agent.nft.objects import Chain, Hook, Set

Family = Literal["ip", "ip6"]

BUCKETS = 64
FIRST_BUCKET = 0x20000  # a bucket's number is a packet's mark for a moment: above every node's mark
CONNECTIONS, MOST_CONNECTIONS = "connections", 262144  # when full, new ones are not remembered
IDLE, ENDED = "10m", "10s"  # how long a connection is remembered after a packet of it, and after its last
HASH_SEED = 0x5BC1AB  # a rule without one gets its own, and no two rules would agree on a connection
NEW = "tcp flags & (fin | syn | rst | ack) == syn"


def sets(family: Family) -> tuple[Set, ...]:
    """`connections`: a hash of addresses and ports to the mark of a node; keys that packets make have 16 bytes at most.

    Its key is of the type that a hash has in a rule; nft 1.0.6 dies of listing one that is made with `typeof jhash`.
    """
    address = "ipv6_addr" if family == "ip6" else "ipv4_addr"
    key = f"{address} . inet_proto . inet_service"
    return (
        Set("addresses", address),
        Set("ports", key),
        Set("routed", key, "verdict"),
        Set("proxied", key, "verdict"),
        Set("nodes", f"{key} . mark", "mark"),
        Set("node-ports", f"{key} . mark", f"{address} . inet_service"),
        Set("restricted", key),
        Set("sources", f"{key} . {address}", flags=("interval",)),
        Set(CONNECTIONS, "typeof numgen random mod 2", "meta mark", ("dynamic", "timeout"), MOST_CONNECTIONS, IDLE),
    )


def chains(family: Family) -> tuple[Chain, ...]:
    """Every chain."""
    vip = f"{family} daddr . meta l4proto . th dport"
    return (
        *_remembering(family),
        *_routing(family, vip),
        *_proxying(family, vip),
        Chain("refuse", ("meta l4proto tcp reject with tcp reset", "reject")),
        Chain(
            "prerouting",
            (f"{vip} @restricted {vip} . {family} saddr != @sources drop", f"{vip} vmap @routed"),
            Hook("filter", "prerouting", -150),
        ),
        Chain(
            "nat-prerouting",
            (f"{vip} vmap @proxied", f"{family} daddr @addresses {vip} != @ports goto refuse"),
            Hook("nat", "prerouting", -100),
        ),
        Chain("nat-postrouting", ("ct status dnat masquerade",), Hook("nat", "postrouting", 100)),
    )


def _remembering(family: Family) -> tuple[Chain, ...]:
    """A connection that is known ends there, and is kept longer; one that is begun becomes known."""
    ends = f"{family} saddr . th sport . {family} daddr . th dport"
    connection = f"jhash {ends} mod 0xffffffff seed {HASH_SEED:#x}"
    remember = f"update @{CONNECTIONS} {{ {connection} : meta mark }}"
    forget_soon = f"update @{CONNECTIONS} {{ {connection} timeout {ENDED} : meta mark }}"
    return (
        Chain("connection-known", (f"meta mark set {connection} map @{CONNECTIONS} goto connection-kept",)),
        Chain("connection-kept", (remember, f"tcp flags & (fin | rst) != 0 {forget_soon}", "accept")),
        Chain(
            "connection-begun",
            (
                f"{NEW} delete @{CONNECTIONS} {{ {connection} : 0x0 }}",  # an update only keeps what is there longer
                f"meta l4proto tcp {remember}",
                "accept",
            ),
        ),
    )


def _routing(family: Family, vip: str) -> tuple[Chain, ...]:
    """A load balancer without a healthy node is silent."""
    return tuple(
        Chain(
            f"route-{name}",
            (
                f"{NEW.replace('==', '!=')} jump connection-known",
                _bucket(client),
                f"meta mark set {vip} . meta mark map @nodes goto connection-begun",
                "drop",
            ),
        )
        for name, client in _clients(family).items()
    )


def _proxying(family: Family, vip: str) -> tuple[Chain, ...]:
    translate = f"meta l4proto {{ tcp, udp, sctp }} dnat {family} to {vip} . meta mark map @node-ports"
    return tuple(
        Chain(f"proxy-{name}", (_bucket(client), translate, "drop")) for name, client in _clients(family).items()
    )


def _clients(family: Family) -> dict[str, str]:
    """Who counts as one client: a port of an address, or with session affinity the address."""
    return {"any": f"{family} saddr . th sport", "sticky": f"{family} saddr"}


def _bucket(client: str) -> str:
    return f"meta mark set jhash {client} mod {BUCKETS} offset {FIRST_BUCKET}"

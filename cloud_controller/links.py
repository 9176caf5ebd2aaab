"""How packets for load balancer addresses get here, and on to nodes: neighbour proxies, routes and rules of one link.

The addresses lie in the subnet of the nodes' link, and this machine answers ARP and neighbour solicitations for them,
so that nobody needs a route. The kernel answers by proxy only for addresses that it would send out elsewhere: for that
there is the pair of links `vip`. A packet with a node's mark leaves by the routing table of that mark.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from socket import AF_INET, AF_INET6
from typing import Any

from cloud_controller.backends import Backend
from cloud_controller.balancing import mark_of
from cloud_controller.pool import Address

Node = tuple[int, str]  # its mark, its address

log = logging.getLogger(__name__)

LINK, VIP_LINK, VIP_PEER = "eth0", "vip", "vip-peer"
NTF_PROXY = 0x08  # linux/neighbour.h
PERMANENT = 0x80
RULE_PRIORITY = 100
MAIN_TABLE = 254  # linux/rtnetlink.h
SYSCTLS = {
    "ipv4/ip_forward": "1",
    f"ipv4/conf/{LINK}/send_redirects": "0",
    "ipv4/conf/all/send_redirects": "0",
    "ipv4/conf/all/rp_filter": "0",
    f"ipv4/conf/{LINK}/rp_filter": "0",
    "ipv6/conf/all/forwarding": "1",
    f"ipv6/conf/{LINK}/proxy_ndp": "1",
}


class Links:
    """Makes this network namespace's neighbours, routes and rules match; remembers what it made.

    What an earlier run left goes where it is not wanted any more. A route is made before that which makes use of it,
    and goes after it: so the routes tell of everything that is left.
    """

    def __init__(self) -> None:
        self._addresses: set[Address] = set()
        self._nodes: set[Node] = set()
        self._left_addresses: set[Address] = set()
        self._left_nodes: set[Node] = set()

    @staticmethod
    def are_there() -> bool:
        """Whether an earlier run has set them up."""
        return Path("/sys/class/net", VIP_LINK).exists()

    def set_up(self) -> None:
        """Once, before the first node or address. Raises OSError."""
        for name, value in SYSCTLS.items():
            path = Path("/proc/sys/net", name)
            if path.exists() and path.read_text().strip() != value:
                _write(path, value)
        with _netlink() as netlink:
            if not netlink.link_lookup(ifname=VIP_LINK):
                netlink.link("add", ifname=VIP_LINK, kind="veth", peer=VIP_PEER)
            for name in (VIP_LINK, VIP_PEER):
                netlink.link("set", index=_index(netlink, name), state="up")
            self._left_addresses, self._left_nodes = _left(netlink)

    def answer_for(self, addresses: set[Address]) -> None:
        """Exactly these addresses are answered for from now on."""
        gone = (self._addresses | self._left_addresses) - addresses
        if addresses == self._addresses and not gone:
            return
        with _netlink() as netlink:
            for address in gone:
                _tolerant(netlink.neigh, "del", **_proxy(netlink, address))
                _tolerant(netlink.route, "del", **_towards(netlink, address))
            for address in addresses - self._addresses:
                netlink.route("replace", **_towards(netlink, address))
                netlink.neigh("replace", **_proxy(netlink, address))
        self._addresses, self._left_addresses = set(addresses), set()

    def reach(self, nodes: tuple[Backend, ...]) -> None:
        """Exactly these nodes have a mark and a routing table from now on."""
        wanted = {(mark_of(ip), ip) for node in nodes for ip in (node.ipv4, node.ipv6) if ip}
        gone = (self._nodes | self._left_nodes) - wanted
        if wanted == self._nodes and not gone:
            return
        with _netlink() as netlink:
            for mark, ip in gone:
                _tolerant(netlink.rule, "del", **_rule(mark, ip))
                _tolerant(netlink.route, "del", **_default(netlink, mark, ip))
            for mark, ip in wanted - self._nodes:
                netlink.route("replace", **_default(netlink, mark, ip))
                _tolerant(netlink.rule, "add", **_rule(mark, ip))
        self._nodes, self._left_nodes = wanted, set()


def _left(netlink: Any) -> tuple[set[Address], set[Node]]:
    """What the routes tell: an address's goes to the pair of links, a node's stands in the table of its mark."""
    addresses, nodes, link = set[Address](), set[Node](), _index(netlink, VIP_LINK)
    for route in (*netlink.get_routes(family=AF_INET), *netlink.get_routes(family=AF_INET6)):
        table, gateway = route.get_attr("RTA_TABLE"), route.get_attr("RTA_GATEWAY")
        if table == MAIN_TABLE and route.get_attr("RTA_OIF") == link and route["dst_len"] in (32, 128):
            addresses.add(ip_address(route.get_attr("RTA_DST")))
        elif gateway and route["dst_len"] == 0 and table == mark_of(gateway):
            nodes.add((table, gateway))
    return addresses, nodes


def _write(path: Path, value: str) -> None:
    """In a container what its runtime has not set stays as it is: /proc/sys is read-only there."""
    try:
        path.write_text(value)
    except OSError as error:
        log.warning("kernel parameter not set", extra={"parameter": str(path), "error": str(error)})


@contextmanager
def _netlink() -> Iterator[Any]:
    from pyroute2 import IPRoute  # 80 ms, which the process does not need to start serving the API's watches

    with IPRoute() as netlink:
        yield netlink


def _tolerant(call: Any, command: str, **what: Any) -> None:
    """What is there already, or gone already, is as it should be."""
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        call(command, **what)
    except NetlinkError as error:
        if error.code not in (2, 3, 17, 99):  # ENOENT, ESRCH, EEXIST, EADDRNOTAVAIL
            raise


def _index(netlink: Any, name: str) -> int:
    return int(netlink.link_lookup(ifname=name)[0])


def _family(address: str) -> int:
    return AF_INET6 if ":" in address else AF_INET


def _proxy(netlink: Any, address: Address) -> dict[str, Any]:
    text = str(address)
    return {
        "dst": text,
        "family": _family(text),
        "ifindex": _index(netlink, LINK),
        "flags": NTF_PROXY,
        "state": PERMANENT,
    }


def _towards(netlink: Any, address: Address) -> dict[str, Any]:
    return {"dst": f"{address}/{address.max_prefixlen}", "oif": _index(netlink, VIP_LINK)}


def _default(netlink: Any, mark: int, ip: str) -> dict[str, Any]:
    dst = "::/0" if ":" in ip else "0.0.0.0/0"
    return {"dst": dst, "gateway": ip, "oif": _index(netlink, LINK), "table": mark, "family": _family(ip)}


def _rule(mark: int, ip: str) -> dict[str, Any]:
    return {"fwmark": mark, "table": mark, "priority": RULE_PRIORITY, "family": _family(ip)}

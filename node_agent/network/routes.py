"""Routes to the pods of the other nodes, through the nodes' addresses; and none for addresses of ours without a pod."""

import errno
from collections.abc import Iterable
from ipaddress import ip_network

from node_agent.network.netlink import Netlink
from node_agent.network.requests import Route
from protos.kubernetes import core_pb2

PROTOCOL = 0x53  # rtnetlink's rtm_protocol: marks the routes that are ours
FAMILIES = (2, 10)  # AF_INET, AF_INET6


def internal_ips(node: core_pb2.Node) -> list[str]:
    return [address.address for address in node.status.addresses if address.type == "InternalIP"]


def desired_routes(own_name: str, nodes: Iterable[core_pb2.Node]) -> dict[str, str]:
    """Network to gateway; "" for the own podCIDR, of which all that has no pod is unreachable."""
    routes = {}
    for node in nodes:
        for cidr in node.spec.podCIDRs or filter(None, [node.spec.podCIDR]):
            if node.metadata.name == own_name:
                routes[cidr] = ""
            elif gateway := _of_family(ip_network(cidr).version, internal_ips(node)):
                routes[cidr] = gateway
    return routes


def _of_family(version: int, addresses: list[str]) -> str:
    return next((address for address in addresses if (":" in address) == (version == 6)), "")


class NodeRoutes:
    """Keeps the kernel's routes equal to what is desired; begins with what an earlier agent left."""

    def __init__(self, netlink: Netlink) -> None:
        self._netlink = netlink
        self._applied: dict[str, str] = {}
        for family in FAMILIES:
            self._applied |= dict(netlink.routes(family, PROTOCOL))

    def apply(self, desired: dict[str, str]) -> None:
        """Raises OSError for a route that the kernel refuses; what is not applied then is tried again next time."""
        for network in self._applied.keys() - desired.keys():
            self._remove(network, self._applied[network])
            del self._applied[network]
        for network, gateway in desired.items():
            if self._applied.get(network) != gateway:
                self._add(network, gateway)
                self._applied[network] = gateway

    def _add(self, network: str, gateway: str) -> None:
        self._netlink.run([_route(network, gateway).add()])

    def _remove(self, network: str, gateway: str) -> None:
        self._netlink.run([_route(network, gateway).remove()], ignore=(errno.ESRCH,))


def _route(network: str, gateway: str) -> Route:
    return Route(network, gateway=gateway, protocol=PROTOCOL)

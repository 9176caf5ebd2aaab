"""The pod network over VXLAN (RFC 7348), for nodes that are not on one link: as flannel lays it.

A device for each family of node addresses, with the first address of the node's podCIDR as its own. A route leads to
the podCIDR of another node through the first address of that; its MAC follows from the node's address, so that nobody
has to be asked, and the forwarding database tells to which node a frame with that MAC goes.
"""

import errno
import socket
from collections.abc import Sequence
from ipaddress import ip_network

from node_agent.network.links import is_v6
from node_agent.network.netlink import Netlink
from node_agent.network.requests import Route, address, forwarding, neighbour, vxlan
from node_agent.network.routes import PROTOCOL, NodeRoutes

NETWORK_ID = 1
PORT = 4789  # IANA's
OVERHEAD = {False: 50, True: 70}  # bytes of the outer headers, by whether the outer addresses are IPv6


def device_name(*, v6: bool) -> str:
    return "svclab-vxlan6" if v6 else "svclab-vxlan"


def device_mac(node_ip: str) -> str:
    """The MAC of a node's device: locally administered, and told by the node's address."""
    packed = socket.inet_pton(socket.AF_INET6 if is_v6(node_ip) else socket.AF_INET, node_ip)
    return ":".join(f"{byte:02x}" for byte in b"\x0e\x56" + packed[-4:])


def first_address(network: str) -> str:
    return str(ip_network(network).network_address)


class OverlayRoutes(NodeRoutes):
    """Keeps routes, neighbours and forwarding entries equal to what is desired.

    What an earlier agent left is laid again, since its routes do not tell the nodes behind them.
    """

    def __init__(self, netlink: Netlink, node_ips: Sequence[str], mtu: int) -> None:
        super().__init__(netlink)
        self._devices: dict[bool, int] = {}
        for ip in node_ips:
            v6 = is_v6(ip)
            made = vxlan(device_name(v6=v6), device_mac(ip), NETWORK_ID, ip, PORT, mtu - OVERHEAD[v6])
            netlink.run([made], ignore=(errno.EEXIST,))
            self._devices[v6] = netlink.index(device_name(v6=v6))

    def _add(self, network: str, gateway: str) -> None:
        """Of the own network the device gets the first address; to others there is a way through their device."""
        device, far = self._devices[is_v6(network)], first_address(network)
        if not gateway:
            self._netlink.run([address(device, far, 128 if is_v6(far) else 32)], ignore=(errno.EEXIST,))
            super()._add(network, gateway)
            return
        mac = device_mac(gateway)
        self._netlink.run(
            [forwarding(device, mac, gateway), neighbour(device, far, mac), self._route(network, far).add()]
        )

    def _remove(self, network: str, gateway: str) -> None:
        if not gateway:
            super()._remove(network, gateway)
            return
        self._netlink.run([self._route(network, first_address(network)).remove()], ignore=(errno.ESRCH,))

    def _route(self, network: str, far: str) -> Route:
        return Route(network, device=self._devices[is_v6(network)], gateway=far, protocol=PROTOCOL, onlink=True)

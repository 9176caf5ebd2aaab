"""A pod's link: a veth pair whose far end is `eth0` in the pod; /32 (/128) addresses, permanent neighbours.

No bridge and no ARP: the pod's default route goes to a link-local gateway that the node's end answers for by its fixed
MAC, as Calico does it.
"""

import errno
import socket
from typing import NamedTuple

from node_agent.network.netlink import Netlink
from node_agent.network.requests import Request, Route, address, link_removal, link_up, neighbour, veth

POD_INTERFACE = "eth0"
UPLINK = "eth0"  # of a node
NODE_END_MAC = "ee:ee:ee:ee:ee:ee"
LOOPBACK_INDEX = 1


class Ends(NamedTuple):
    """What a pod's link joins."""

    name: str  # of the node's end
    pod_pid: int  # a process in the pod's network namespace
    addresses: list[str]  # the pod's, at most one a family, the primary first
    sources: list[str]  # the node's own, at most one a family: where its packets to the pod come from
    mtu: int


def is_v6(address_text: str) -> bool:
    return ":" in address_text


def gateway(*, v6: bool) -> str:
    return "fe80::1" if v6 else "169.254.1.1"


def host_network(address_text: str) -> str:
    """The network that holds the address alone."""
    return f"{address_text}/128" if is_v6(address_text) else f"{address_text}/32"


def pod_mac(primary: str) -> str:
    """A MAC that tells the pod's address, as the CNI bridge plugin makes it: 0a:58 and the IPv4 address."""
    packed = socket.inet_pton(socket.AF_INET6 if is_v6(primary) else socket.AF_INET, primary)
    return ":".join(f"{byte:02x}" for byte in b"\x0a\x58" + packed[-4:])


def connect(node: Netlink, pod: Netlink, ends: Ends) -> None:
    """Lays the link, in the place of one that was left. Raises OSError naming what the kernel refused."""
    mac = pod_mac(ends.addresses[0])
    node.run([link_removal(ends.name)], ignore=(errno.ENODEV,))
    node.run([veth(ends.name, NODE_END_MAC, POD_INTERFACE, mac, ends.pod_pid, ends.mtu)])
    node.run(node_end(node.index(ends.name), ends, mac))
    pod.run(pod_end(pod.index(POD_INTERFACE), ends))


def node_end(index: int, ends: Ends, mac: str) -> list[Request]:
    requests = []
    for text in ends.addresses:
        source = next((own for own in ends.sources if is_v6(own) == is_v6(text)), "")
        requests.append(Route(host_network(text), device=index, source=source).add())
        requests.append(neighbour(index, text, mac))
    return requests


def pod_end(index: int, ends: Ends) -> list[Request]:
    requests = [link_up(index)]
    for text in ends.addresses:
        v6 = is_v6(text)
        requests.append(address(index, text, 128 if v6 else 32))
        requests.append(neighbour(index, gateway(v6=v6), NODE_END_MAC))
        everything = "::/0" if v6 else "0.0.0.0/0"
        requests.append(Route(everything, device=index, gateway=gateway(v6=v6), onlink=True).add())
    return requests

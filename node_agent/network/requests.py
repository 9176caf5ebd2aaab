"""rtnetlink requests as bytes, each built by a pure function: see rtnetlink(7). Netlink carries them out.

Written by hand because it is on the way of every pod start: importing pyroute2 takes 112 ms, a pod's network 2 ms.
"""

import socket
import struct
from collections.abc import Iterator

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK = 16, 17, 18
RTM_NEWADDR, RTM_GETADDR = 20, 22
RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
RTM_NEWNEIGH = 28

NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
NLM_F_REPLACE, NLM_F_CREATE = 0x100, 0x400
NLMSG_ERROR, NLMSG_DONE = 2, 3

IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_LINKINFO, IFLA_NET_NS_PID = 1, 3, 4, 18, 19
IFLA_INFO_KIND, IFLA_INFO_DATA, VETH_INFO_PEER = 1, 2, 1
IFLA_VXLAN_ID, IFLA_VXLAN_LOCAL, IFLA_VXLAN_LEARNING, IFLA_VXLAN_PORT, IFLA_VXLAN_LOCAL6 = 1, 4, 7, 15, 17
AF_BRIDGE, NTF_SELF = 7, 2
IFA_ADDRESS, IFA_LOCAL, IFA_FLAGS, IFA_F_NODAD = 1, 2, 8, 0x02
RTA_DST, RTA_OIF, RTA_GATEWAY, RTA_PRIORITY, RTA_PREFSRC = 1, 4, 5, 6, 7
NDA_DST, NDA_LLADDR, NUD_PERMANENT = 1, 2, 0x80
RT_TABLE_MAIN, RTN_UNICAST, RTN_UNREACHABLE, RTNH_F_ONLINK = 254, 1, 7, 4
RT_SCOPE_UNIVERSE, RT_SCOPE_LINK = 0, 253
RTPROT_BOOT = 3
IFF_UP = 1

HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_ATTRIBUTE = struct.Struct("=HH")
LINK = struct.Struct("=BxHiII")  # ifinfomsg
ROUTE = struct.Struct("=BBBBBBBBI")  # rtmsg
ADDRESS = struct.Struct("=BBBBI")  # ifaddrmsg: family, prefix length, flags, scope, link
_CREATE = NLM_F_CREATE | NLM_F_REPLACE


class Request:
    """One message without its header's sequence number."""

    __slots__ = ("body", "flags", "kind", "subject")

    def __init__(self, kind: int, flags: int, body: bytes, subject: str) -> None:
        self.kind, self.flags, self.body, self.subject = kind, flags | NLM_F_REQUEST, body, subject

    def encode(self, sequence: int, extra_flags: int) -> bytes:
        length = HEADER.size + len(self.body)
        return HEADER.pack(length, self.kind, self.flags | extra_flags, sequence, 0) + self.body


def attribute(kind: int, value: bytes) -> bytes:
    padding = -len(value) % 4
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + bytes(padding)


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The (kind, value) pairs of an attribute list."""
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if length < _ATTRIBUTE.size:
            return
        yield kind & 0x3FFF, data[_ATTRIBUTE.size : length]
        data = data[length + -length % 4 :]


def packed_address(address: str) -> tuple[int, bytes]:
    """(address family, packed bytes) of an address in text form."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return family, socket.inet_pton(family, address)


def packed_mac(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


def _number(value: int) -> bytes:
    return struct.pack("=I", value)


def text_bytes(value: str) -> bytes:
    return value.encode() + b"\0"


def veth(name: str, mac: str, peer: str, peer_mac: str, peer_pid: int, mtu: int) -> Request:
    """A veth pair: `name` here, `peer` in the network namespace of the process peer_pid."""
    ends = attribute(IFLA_IFNAME, text_bytes(peer)) + attribute(IFLA_ADDRESS, packed_mac(peer_mac))
    ends += attribute(IFLA_NET_NS_PID, _number(peer_pid)) + attribute(IFLA_MTU, _number(mtu))
    info = attribute(IFLA_INFO_KIND, b"veth")
    info += attribute(IFLA_INFO_DATA, attribute(VETH_INFO_PEER, LINK.pack(0, 0, 0, 0, 0) + ends))
    body = LINK.pack(0, 0, 0, IFF_UP, IFF_UP)
    body += attribute(IFLA_IFNAME, text_bytes(name)) + attribute(IFLA_ADDRESS, packed_mac(mac))
    body += attribute(IFLA_MTU, _number(mtu)) + attribute(IFLA_LINKINFO, info)
    return Request(RTM_NEWLINK, NLM_F_CREATE | 0x200, body, f"link {name}")  # 0x200: NLM_F_EXCL


def vxlan(name: str, mac: str, network_id: int, local: str, port: int, mtu: int) -> Request:
    """A VXLAN device that learns nothing: where frames go is told by `forwarding`."""
    family, packed = packed_address(local)
    data = attribute(IFLA_VXLAN_ID, _number(network_id)) + attribute(IFLA_VXLAN_LEARNING, b"\0")
    data += attribute(IFLA_VXLAN_LOCAL6 if family == socket.AF_INET6 else IFLA_VXLAN_LOCAL, packed)
    data += attribute(IFLA_VXLAN_PORT, struct.pack("!H", port))
    info = attribute(IFLA_INFO_KIND, b"vxlan") + attribute(IFLA_INFO_DATA, data)
    body = LINK.pack(0, 0, 0, IFF_UP, IFF_UP)
    body += attribute(IFLA_IFNAME, text_bytes(name)) + attribute(IFLA_ADDRESS, packed_mac(mac))
    body += attribute(IFLA_MTU, _number(mtu)) + attribute(IFLA_LINKINFO, info)
    return Request(RTM_NEWLINK, NLM_F_CREATE | 0x200, body, f"link {name}")  # 0x200: NLM_F_EXCL


def forwarding(index: int, mac: str, remote: str) -> Request:
    """Frames for this MAC leave a VXLAN device for the address `remote`."""
    body = struct.pack("=BxxxiHBB", AF_BRIDGE, index, NUD_PERMANENT, NTF_SELF, 0)
    body += attribute(NDA_DST, packed_address(remote)[1]) + attribute(NDA_LLADDR, packed_mac(mac))
    return Request(RTM_NEWNEIGH, _CREATE, body, f"forwarding to {remote}")


def link_up(index: int) -> Request:
    return Request(RTM_NEWLINK, 0, LINK.pack(0, 0, index, IFF_UP, IFF_UP), f"link {index} up")


def link_removal(name: str) -> Request:
    return Request(RTM_DELLINK, 0, LINK.pack(0, 0, 0, 0, 0) + attribute(IFLA_IFNAME, text_bytes(name)), f"link {name}")


def address(index: int, text: str, prefix: int) -> Request:
    family, packed = packed_address(text)
    body = struct.pack("=BBBBi", family, prefix, 0, RT_SCOPE_UNIVERSE, index)
    body += attribute(IFA_LOCAL, packed) + attribute(IFA_ADDRESS, packed) + attribute(IFA_FLAGS, _number(IFA_F_NODAD))
    return Request(RTM_NEWADDR, _CREATE, body, f"address {text}/{prefix}")


def neighbour(index: int, text: str, mac: str) -> Request:
    """A permanent entry: nobody has to ask for the address."""
    family, packed = packed_address(text)
    body = struct.pack("=BxxxiHBB", family, index, NUD_PERMANENT, 0, 0)
    body += attribute(NDA_DST, packed) + attribute(NDA_LLADDR, packed_mac(mac))
    return Request(RTM_NEWNEIGH, _CREATE, body, f"neighbour {text}")


class Route:
    """One route of the main table. `network` is CIDR text; without device and gateway it is unreachable."""

    __slots__ = ("device", "gateway", "metric", "network", "onlink", "protocol", "source")

    def __init__(
        self,
        network: str,
        *,
        device: int = 0,
        gateway: str = "",
        source: str = "",
        metric: int = 0,
        protocol: int = RTPROT_BOOT,
        onlink: bool = False,
    ) -> None:
        self.network, self.device, self.gateway, self.source = network, device, gateway, source
        self.metric, self.protocol, self.onlink = metric, protocol, onlink

    def add(self) -> Request:
        """Creates the route, in the place of one to the same network with the same metric."""
        return Request(RTM_NEWROUTE, _CREATE, self._body(), f"route {self.network}")

    def remove(self) -> Request:
        return Request(RTM_DELROUTE, 0, self._body(), f"route {self.network}")

    def _body(self) -> bytes:
        base, _, prefix = self.network.partition("/")
        family, packed = packed_address(base)
        kind = RTN_UNICAST if self.device or self.gateway else RTN_UNREACHABLE
        scope = RT_SCOPE_LINK if kind == RTN_UNICAST and not self.gateway else RT_SCOPE_UNIVERSE
        flags = RTNH_F_ONLINK if self.onlink else 0
        body = ROUTE.pack(family, int(prefix), 0, 0, RT_TABLE_MAIN, self.protocol, scope, kind, flags)
        if int(prefix):
            body += attribute(RTA_DST, packed)
        if self.gateway:
            body += attribute(RTA_GATEWAY, packed_address(self.gateway)[1])
        if self.device:
            body += attribute(RTA_OIF, _number(self.device))
        if self.source:
            body += attribute(RTA_PREFSRC, packed_address(self.source)[1])
        if self.metric:
            body += attribute(RTA_PRIORITY, _number(self.metric))
        return body

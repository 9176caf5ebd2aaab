"""The kernel's conntrack table of this network namespace, over netlink."""

import errno
from collections.abc import Iterable
from socket import AF_INET, AF_INET6, IPPROTO_UDP
from typing import Any

from node_agent.proxy.conntrack import Flow


class KernelConntrack:
    """Opens a socket for each use: the proxy asks seldom."""

    def udp_flows(self) -> list[Flow]:
        # A heavy import, which only a cluster with UDP Services pays for.
        from pyroute2.netlink.nfnetlink.nfctsocket import NFCTSocket

        flows: list[Flow] = []
        for family in (AF_INET, AF_INET6):
            with NFCTSocket(nfgen_family=family) as socket:
                flows += filter(None, (_flow(message) for message in socket.dump()))
        return flows

    def delete(self, flows: Iterable[Flow]) -> None:
        from pyroute2.netlink.exceptions import NetlinkError

        for flow in flows:
            try:
                _delete(flow)
            except NetlinkError as error:
                if error.code != errno.ENOENT:
                    raise OSError(error.code, str(error)) from None


def _delete(flow: Flow) -> None:
    from pyroute2.netlink.nfnetlink.nfctsocket import NFCTAttrTuple, NFCTSocket

    family = AF_INET6 if ":" in flow.destination else AF_INET
    original = NFCTAttrTuple(
        family=family,
        saddr=flow.source,
        daddr=flow.destination,
        proto=IPPROTO_UDP,
        sport=flow.source_port,
        dport=flow.destination_port,
    )
    with NFCTSocket(nfgen_family=family) as socket:
        socket.entry("del", tuple_orig=original)


def _flow(message: Any) -> Flow | None:
    original, reply = message.get_attr("CTA_TUPLE_ORIG"), message.get_attr("CTA_TUPLE_REPLY")
    ports = original.get_attr("CTA_TUPLE_PROTO")
    if ports.get_attr("CTA_PROTO_NUM") != IPPROTO_UDP:
        return None
    addresses = original.get_attr("CTA_TUPLE_IP")
    return Flow(
        source=_address(addresses, "SRC"),
        source_port=ports.get_attr("CTA_PROTO_SRC_PORT"),
        destination=_address(addresses, "DST"),
        destination_port=ports.get_attr("CTA_PROTO_DST_PORT"),
        reply_source=_address(reply.get_attr("CTA_TUPLE_IP"), "SRC"),
    )


def _address(attributes: Any, end: str) -> str:
    return str(attributes.get_attr(f"CTA_IP_V4_{end}") or attributes.get_attr(f"CTA_IP_V6_{end}"))

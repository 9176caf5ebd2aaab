"""A netlink socket: carries out requests, many in one write, and asks for links and routes."""

import os
import socket
import struct
from collections.abc import Iterable, Iterator

from node_agent.network import requests
from node_agent.network.requests import ADDRESS, HEADER, LINK, ROUTE, Request, attributes


class Netlink:
    """A socket into the network namespace that the calling thread was in when it was opened."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        self._sequence = 0

    def close(self) -> None:
        self._socket.close()

    def run(self, wanted: Iterable[Request], *, ignore: tuple[int, ...] = ()) -> None:
        """Carries out all requests. Raises OSError for the first that fails, unless with an errno in `ignore`."""
        batch = list(wanted)
        first = self._sequence + 1
        self._sequence += len(batch)
        self._socket.send(b"".join(r.encode(first + i, requests.NLM_F_ACK) for i, r in enumerate(batch)))
        failure: OSError | None = None
        answered = 0
        while answered < len(batch):
            for kind, sequence, body in self._receive():
                if kind != requests.NLMSG_ERROR or sequence < first:
                    continue
                answered += 1
                code = -int(struct.unpack_from("=i", body)[0])
                if code and code not in ignore and failure is None:
                    failure = OSError(code, os.strerror(code), batch[sequence - first].subject)
        if failure:
            raise failure

    def index(self, name: str) -> int:
        """The index of a link. Raises OSError ENODEV if there is none."""
        return self._link(name)[0]

    def mtu(self, name: str) -> int:
        return self._link(name)[1]

    def routes(self, family: int, protocol: int) -> list[tuple[str, str]]:
        """(network, gateway or "") of the main table's routes that were added with the protocol number."""
        found = []
        body = ROUTE.pack(family, 0, 0, 0, requests.RT_TABLE_MAIN, 0, 0, 0, 0)
        for answer in self._dump(Request(requests.RTM_GETROUTE, requests.NLM_F_DUMP, body, "routes")):
            fields = ROUTE.unpack_from(answer)
            if fields[4] != requests.RT_TABLE_MAIN or fields[5] != protocol:
                continue
            values = dict(attributes(answer[ROUTE.size :]))
            everything = bytes(16 if family == socket.AF_INET6 else 4)
            network = socket.inet_ntop(family, values.get(requests.RTA_DST, everything))
            gateway = socket.inet_ntop(family, values[requests.RTA_GATEWAY]) if requests.RTA_GATEWAY in values else ""
            found.append((f"{network}/{fields[1]}", gateway))
        return found

    def addresses(self) -> list[str]:
        """The addresses of this namespace by which others may reach it: none of the loopback device or of one link."""
        found = []
        body = ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
        for answer in self._dump(Request(requests.RTM_GETADDR, requests.NLM_F_DUMP, body, "addresses")):
            family, _, _, scope, _ = ADDRESS.unpack_from(answer)
            values = dict(attributes(answer[ADDRESS.size :]))
            if scope < requests.RT_SCOPE_LINK:
                local = values.get(requests.IFA_LOCAL, values.get(requests.IFA_ADDRESS, b""))
                found.append(socket.inet_ntop(family, local))
        return found

    def _link(self, name: str) -> tuple[int, int]:
        self._sequence += 1
        body = LINK.pack(0, 0, 0, 0, 0) + requests.attribute(requests.IFLA_IFNAME, requests.text_bytes(name))
        self._socket.send(Request(requests.RTM_GETLINK, 0, body, name).encode(self._sequence, 0))
        while True:
            for kind, sequence, answer in self._receive():
                if sequence != self._sequence:
                    continue
                if kind == requests.NLMSG_ERROR:
                    code = -int(struct.unpack_from("=i", answer)[0])
                    raise OSError(code, os.strerror(code), f"link {name}")
                values = dict(attributes(answer[LINK.size :]))
                return LINK.unpack_from(answer)[2], int.from_bytes(values[requests.IFLA_MTU], "little")

    def _dump(self, request: Request) -> list[bytes]:
        self._sequence += 1
        self._socket.send(request.encode(self._sequence, 0))
        found: list[bytes] = []
        while True:
            for kind, sequence, body in self._receive():
                if sequence != self._sequence:
                    continue
                if kind in (requests.NLMSG_DONE, requests.NLMSG_ERROR):
                    return found
                found.append(body)

    def _receive(self) -> Iterator[tuple[int, int, bytes]]:
        """(type, sequence, body) of each message in one datagram."""
        data = self._socket.recv(1 << 17)
        while len(data) >= HEADER.size:
            length, kind, _, sequence, _ = HEADER.unpack_from(data)
            yield kind, sequence, data[HEADER.size : length]
            data = data[length + -length % 4 :]

"""DNS over UDP.

A socket that is read until it is empty, so that a busy server pays for few rounds of the event loop.
"""

import asyncio
import socket
from collections.abc import Coroutine
from time import perf_counter
from typing import Any

from cluster_dns.message import LARGEST_UDP
from cluster_dns.responder import Responder
from cluster_dns.sockets import address_of
from cluster_dns.traffic import Traffic

BATCH = 64  # packets between two looks at other events
RECEIVE_BUFFER = 4 << 20  # bytes; the kernel may grant less

Client = Any  # a socket address, as the socket gave it


class UdpListener:
    """Serves one bound socket, which it then owns."""

    def __init__(self, sock: socket.socket, responder: Responder) -> None:
        self.traffic = Traffic("udp", "1" if sock.family == socket.AF_INET else "2")
        self._socket = sock
        self._responder = responder
        self._later: set[asyncio.Task[None]] = set()
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)

    @property
    def address(self) -> str:
        """host:port"""
        return address_of(self._socket)

    async def start(self) -> None:
        asyncio.get_running_loop().add_reader(self._socket, self._drain)

    async def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)
        self._socket.close()

    def _drain(self) -> None:
        began = perf_counter()
        received = self._answer_batch()
        if received:
            self.traffic.took(perf_counter() - began, received)

    def _answer_batch(self) -> int:
        """Answers what has come in; returns how many packets.

        One loop without calls that could be saved: the hot path.
        """
        receive, send = self._socket.recvfrom, self._socket.sendto
        respond, traffic = self._responder.respond, self.traffic
        for received in range(BATCH):
            try:
                packet, client = receive(LARGEST_UDP)
            except OSError:  # nothing left
                return received
            answer = respond(packet, traffic)
            if isinstance(answer, bytes):
                try:
                    send(answer, client)
                except OSError:  # no room or no way: as if lost on the way
                    continue
            elif answer is not None:
                self._answer_later(answer, client)
        return BATCH

    def _answer_later(self, answer: Coroutine[Any, Any, bytes], client: Client) -> None:
        task = asyncio.create_task(self._send(answer, client))
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _send(self, answer: Coroutine[Any, Any, bytes], client: Client) -> None:
        began = perf_counter()
        packet = await answer
        self.traffic.took(perf_counter() - began)
        try:
            self._socket.sendto(packet, client)
        except OSError:  # as above
            return

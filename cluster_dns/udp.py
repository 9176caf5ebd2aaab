"""DNS over UDP: what has come in is read, answered and sent with two system calls, however much it is."""

import asyncio
import socket
from collections.abc import Coroutine
from time import perf_counter
from typing import Any

from cluster_dns.datagrams import Datagrams
from cluster_dns.responder import Responder
from cluster_dns.sockets import address_of
from cluster_dns.traffic import Traffic

RECEIVE_BUFFER = 4 << 20  # bytes; the kernel may grant less

Client = Any  # a socket address, as the socket gave it


class UdpListener:
    """Serves one bound socket, which it then owns."""

    def __init__(self, sock: socket.socket, responder: Responder) -> None:
        self.traffic = Traffic("udp", "1" if sock.family == socket.AF_INET else "2")
        self._socket = sock
        self._datagrams = Datagrams(sock)
        self._responder = responder
        self._later: set[asyncio.Task[None]] = set()
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)

    @property
    def address(self) -> str:
        """host:port"""
        return address_of(self._socket)

    async def start(self) -> None:
        asyncio.get_running_loop().add_reader(self._socket, self._answer_batch)

    async def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)
        self._socket.close()

    def _answer_batch(self) -> None:
        """Answers what has come in: the hot path."""
        began = perf_counter()
        packets = self._datagrams.receive()
        respond, traffic = self._responder.respond, self.traffic
        answers = []
        for number, packet in enumerate(packets):
            answer = respond(packet, traffic)
            if isinstance(answer, bytes):
                answers.append((number, answer))
            elif answer is not None:
                self._answer_later(answer, self._datagrams.client(number))
        self._datagrams.reply(answers)
        if packets:
            traffic.took(perf_counter() - began, len(packets))

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
        except OSError:  # no room or no way: as if lost on the way
            return

"""Many datagrams with one system call: recvmmsg(2) and sendmmsg(2), which Python's socket module does not have.

Beside the calls this saves what recvfrom and sendto spend on turning addresses into Python's and back: an answer goes
to the very bytes that its query's address came in.
"""

import ctypes
import socket
import sys
from collections.abc import Sequence
from typing import Any

from cluster_dns.message import LARGEST_UDP

BATCH = 64  # datagrams of one call
SIZE = LARGEST_UDP  # bytes of a datagram; what is longer comes in cut off
ADDRESS_SIZE = 28  # bytes of a struct sockaddr_in6, the longest address

_libc = ctypes.CDLL(None)


class _Iovec(ctypes.Structure):
    """struct iovec"""

    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))


class _Message(ctypes.Structure):
    """struct msghdr"""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_size", ctypes.c_uint),
        ("iovecs", ctypes.c_void_p),
        ("iovec_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_size", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Header(ctypes.Structure):
    """struct mmsghdr"""

    _fields_ = (("message", _Message), ("length", ctypes.c_uint))


class Datagrams:
    """Reads and writes datagrams of one non-blocking socket, a batch at a time."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._incoming = _Batch(sock.family)
        self._outgoing = _Batch(sock.family)

    def receive(self) -> list[bytes]:
        """What has come in: at most BATCH datagrams."""
        batch = self._incoming
        count = _libc.recvmmsg(self._socket.fileno(), batch.headers, BATCH, socket.MSG_DONTWAIT, None)
        lengths = batch.lengths[: max(0, count)].tolist()
        return [buffer[:length].tobytes() for buffer, length in zip(batch.buffers, lengths, strict=False)]

    def client(self, number: int) -> tuple[Any, ...]:
        """Where a datagram of the last batch came from, as Python's sockets write addresses."""
        raw = self._incoming.address(number)
        port = int.from_bytes(raw[2:4], "big")
        if self._socket.family == socket.AF_INET:
            return socket.inet_ntop(socket.AF_INET, raw[4:8]), port
        return socket.inet_ntop(socket.AF_INET6, raw[8:24]), port, 0, int.from_bytes(raw[24:28], sys.byteorder)

    def reply(self, answers: Sequence[tuple[int, bytes]]) -> None:
        """Sends answers to clients of the last batch, by the numbers of its datagrams; what cannot be sent is lost."""
        batch, addresses = self._outgoing, self._incoming.names
        for slot, (number, answer) in enumerate(answers):
            batch.buffers[slot][: len(answer)] = answer
            batch.sizes[slot] = len(answer)
            batch.names[slot] = addresses[number]
        done = 0
        while done < len(answers):
            headers = ctypes.byref(batch.headers, done * ctypes.sizeof(_Header))
            sent = _libc.sendmmsg(self._socket.fileno(), headers, len(answers) - done, socket.MSG_DONTWAIT)
            done += max(1, sent)  # the first one that cannot be sent ends the call


class _Batch:
    """Room for a batch: the headers that the kernel takes, and views of what changes in them."""

    def __init__(self, family: socket.AddressFamily) -> None:
        headers, iovecs = bytearray(BATCH * ctypes.sizeof(_Header)), bytearray(BATCH * ctypes.sizeof(_Iovec))
        contents, addresses = bytearray(BATCH * SIZE), bytearray(BATCH * ADDRESS_SIZE)
        self.headers = (_Header * BATCH).from_buffer(headers)
        self._iovecs = (_Iovec * BATCH).from_buffer(iovecs)
        self._addresses = addresses
        first_iovec, first_byte, first_address = map(_address, (iovecs, contents, addresses))
        for number, (header, iovec) in enumerate(zip(self.headers, self._iovecs, strict=True)):
            iovec.base, iovec.size = first_byte + number * SIZE, SIZE
            message = header.message
            message.name, message.name_size = first_address + number * ADDRESS_SIZE, _SIZES[family]
            message.iovecs, message.iovec_count = first_iovec + number * ctypes.sizeof(_Iovec), 1
        self.buffers = [memoryview(contents)[at : at + SIZE] for at in range(0, len(contents), SIZE)]
        self.lengths = _every(headers, "I", _Header.length.offset, ctypes.sizeof(_Header))
        self.names = _every(headers, "N", _Message.name.offset, ctypes.sizeof(_Header))
        self.sizes = _every(iovecs, "N", _Iovec.size.offset, ctypes.sizeof(_Iovec))

    def address(self, number: int) -> bytes:
        """The struct sockaddr of a slot."""
        return bytes(self._addresses[number * ADDRESS_SIZE : (number + 1) * ADDRESS_SIZE])


_SIZES = {socket.AF_INET: 16, socket.AF_INET6: 28}  # bytes of their addresses


def _address(buffer: bytearray) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))


def _every(buffer: bytearray, kind: str, offset: int, step: int) -> memoryview:
    """The field at `offset` of each structure of `step` bytes, as a view that can be read and written by number."""
    view = memoryview(buffer).cast(kind)  # type: ignore[call-overload]
    fields: memoryview = view[offset // view.itemsize :: step // view.itemsize]
    return fields

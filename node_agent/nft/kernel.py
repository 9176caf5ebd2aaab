"""The kernel's nftables of this network namespace, through libnftables in this process: no child process, no shell."""

import ctypes
import json
import os
import socket
import threading
from contextlib import suppress
from typing import Any, Protocol

from node_agent.nft.objects import Family
from node_agent.nft.transaction import Transaction

JSON_OUTPUT = 1 << 4  # NFT_CTX_OUTPUT_JSON of nftables/libnftables.h
NETLINK_NETFILTER = 12  # linux/netlink.h
LARGE = 1 << 20  # characters of a transaction
SEND_BUFFER = 1 << 27  # bytes; the kernel gives at most net.core.wmem_max


class NftError(Exception):
    """The kernel or libnftables refused a transaction: nothing of it was done. The text is nft's first message."""


class NftTooLarge(NftError):
    """The transaction does not fit into one message: this user may not have larger send buffers."""


class Nft(Protocol):
    """What a program needs of nftables."""

    def run(self, transaction: Transaction) -> None:
        """Makes all changes or none. Raises NftError, and of it NftTooLarge."""

    def elements(self, family: Family, table: str, set_name: str) -> list[Any]:
        """The elements of a set or map, as libnftables-json(5) has them; empty if there is no such set."""


class KernelNft:
    """libnftables. Threads may share it: one transaction waits for the other."""

    def __init__(self) -> None:
        """Raises NftError where the library is missing."""
        try:
            self._library = ctypes.CDLL("libnftables.so.1")  # by its name: ctypes' search would start ldconfig
        except OSError:
            raise NftError("libnftables is missing: install Debian's package libnftables1") from None
        self._declare()
        self._context = self._library.nft_ctx_new(0)
        self._library.nft_ctx_buffer_output(self._context)
        self._library.nft_ctx_buffer_error(self._context)
        self._lock = threading.Lock()
        _raise_send_buffers()

    def _declare(self) -> None:
        library = self._library
        library.nft_ctx_new.restype = ctypes.c_void_p
        library.nft_ctx_new.argtypes = [ctypes.c_uint32]
        for name in ("nft_ctx_buffer_output", "nft_ctx_buffer_error", "nft_ctx_free"):
            getattr(library, name).argtypes = [ctypes.c_void_p]
        for name in ("nft_ctx_get_output_buffer", "nft_ctx_get_error_buffer"):
            getattr(library, name).restype = ctypes.c_char_p
            getattr(library, name).argtypes = [ctypes.c_void_p]
        library.nft_ctx_output_set_flags.argtypes = [ctypes.c_void_p, ctypes.c_uint]
        library.nft_run_cmd_from_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p]

    def run(self, transaction: Transaction) -> None:
        if transaction:
            text = transaction.text()
            with self._lock:
                self._command(text)

    def elements(self, family: Family, table: str, set_name: str) -> list[Any]:
        with self._lock:
            self._library.nft_ctx_output_set_flags(self._context, JSON_OUTPUT)
            try:
                answer = json.loads(self._command(f"list map {family} {table} {set_name}"))
            except NftError:
                return []
            finally:
                self._library.nft_ctx_output_set_flags(self._context, 0)
        found: dict[str, Any] = next((row["map"] for row in answer["nftables"] if "map" in row), {})
        rows: list[Any] = found.get("elem", [])
        return rows

    def close(self) -> None:
        self._library.nft_ctx_free(self._context)

    def _command(self, text: str) -> str:
        failed = self._library.nft_run_cmd_from_buffer(self._context, text.encode())
        errors = (self._library.nft_ctx_get_error_buffer(self._context) or b"").decode(errors="replace")
        output = (self._library.nft_ctx_get_output_buffer(self._context) or b"").decode(errors="replace")
        if len(text) > LARGE:
            _return_memory()
        if "Message too long" in errors:
            raise NftTooLarge(errors.strip())
        if failed:
            raise NftError(errors.strip().split("\n")[0] or "nftables refused the transaction without a message")
        return output


def _return_memory() -> None:
    """To the kernel: libnftables takes some 2 kB for each element, and the C library would keep it for a next time."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc alone has it
    if trim is not None:
        trim(0)


def _raise_send_buffers() -> None:
    """Makes room for large transactions on libnftables' sockets, which it keeps to itself.

    A transaction is one message. libnftables makes room with SO_SNDBUFFORCE, which root of a user namespace may not
    use: what is larger than net.core.wmem_default, about 500 Services, was refused there as "Message too long".
    """
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # closed by another thread meanwhile, or the listing's own
            if os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                _raise_send_buffer(os.dup(int(name)))


def _raise_send_buffer(descriptor: int) -> None:
    with socket.socket(fileno=descriptor) as found:
        if found.family == socket.AF_NETLINK and found.proto == NETLINK_NETFILTER:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

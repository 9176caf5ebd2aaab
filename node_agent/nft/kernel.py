"""The kernel's nftables of this network namespace, through libnftables in this process: no child process, no shell."""

import ctypes
import json
from ctypes.util import find_library
from typing import Any, Protocol

from node_agent.nft.objects import Family
from node_agent.nft.transaction import Transaction

JSON_OUTPUT = 1 << 4  # NFT_CTX_OUTPUT_JSON of nftables/libnftables.h


class NftError(Exception):
    """The kernel or libnftables refused a transaction: nothing of it was done. The text is nft's first message."""


class Nft(Protocol):
    """What a program needs of nftables."""

    def run(self, transaction: Transaction) -> None:
        """Makes all changes or none. Raises NftError."""

    def elements(self, family: Family, table: str, set_name: str) -> list[Any]:
        """The elements of a set or map, as libnftables-json(5) has them; empty if there is no such set."""


class KernelNft:
    """libnftables. Not for several threads at once."""

    def __init__(self) -> None:
        """Raises NftError where the library is missing."""
        path = find_library("nftables") or "libnftables.so.1"
        try:
            self._library = ctypes.CDLL(path)
        except OSError:
            raise NftError("libnftables is missing: install Debian's package libnftables1") from None
        self._declare()
        self._context = self._library.nft_ctx_new(0)
        self._library.nft_ctx_buffer_output(self._context)
        self._library.nft_ctx_buffer_error(self._context)

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
            self._command(transaction.text())

    def elements(self, family: Family, table: str, set_name: str) -> list[Any]:
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
        if failed:
            raise NftError(errors.strip().split("\n")[0] or "nftables refused the transaction without a message")
        return output

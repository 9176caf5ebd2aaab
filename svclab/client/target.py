"""Where an API server answers."""

from __future__ import annotations

import os.path  # not pathlib: it costs 4 ms of a command's 150
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import grpc

# A restarted server must be found again within a fraction of a second; gRPC's own back-off would start at a whole one.
_CHANNEL_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.initial_reconnect_backoff_ms", 20),
    ("grpc.min_reconnect_backoff_ms", 20),
    ("grpc.max_reconnect_backoff_ms", 200),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_metadata_size", 64 * 1024),  # a Status with many causes travels as metadata
    ("grpc.absolute_max_metadata_size", 64 * 1024),
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
)

# A watch over a network that broke without a word must not wait for ever. The server allows a ping every 5 seconds.
_KEEPALIVE_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
)


@dataclass(frozen=True)
class Target:
    """The address of an API server, as `unix:/path` or `host:port`, and how to prove who we are there."""

    address: str
    credentials: grpc.ChannelCredentials | None = None  # None: plain text, for sockets that only their owner can open

    @classmethod
    def parse(cls, text: str, credentials: grpc.ChannelCredentials | None = None) -> Target:
        """Reads `unix:/path` or `host:port`. Raises ValueError with one line that says what is wrong."""
        if text.startswith("unix:"):
            if not os.path.isabs(text.removeprefix("unix:")):
                raise ValueError(f'server "{text}": the path after "unix:" must be absolute')
            return cls(text, credentials)
        host, _, port = text.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError(f'server "{text}": must be unix:/path or host:port')
        return cls(text, credentials)

    @property
    def socket(self) -> str | None:
        """The path of the Unix socket; None for a TCP address."""
        return self.address.removeprefix("unix:") if self.address.startswith("unix:") else None

    @property
    def channel_options(self) -> tuple[tuple[str, int], ...]:
        return _CHANNEL_OPTIONS if self.socket is not None else _CHANNEL_OPTIONS + _KEEPALIVE_OPTIONS

    def __str__(self) -> str:
        return self.address

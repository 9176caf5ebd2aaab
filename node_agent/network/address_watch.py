"""Tells when addresses come to this network namespace, or go."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

IPV4_ADDRESSES, IPV6_ADDRESSES = 0x10, 0x100  # RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR of linux/rtnetlink.h
LARGEST_MESSAGE = 65536  # bytes


async def watch(changed: Callable[[], None]) -> None:
    """Calls `changed` at once and after every change, until cancelled."""
    kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    with socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE) as told:
        told.bind((0, IPV4_ADDRESSES | IPV6_ADDRESSES))
        while True:
            changed()
            with suppress(OSError):  # more changes than the buffer holds: that too is a change
                await asyncio.get_running_loop().sock_recv(told, LARGEST_MESSAGE)

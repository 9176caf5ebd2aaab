"""Builds the server out of its parts and runs it until it is told to stop."""

import asyncio
import logging
import random
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from cluster_dns.answers import ReadyAnswers
from cluster_dns.catalog import Catalog
from cluster_dns.config import Config, Endpoint, nameservers
from cluster_dns.exchange import exchange
from cluster_dns.feed import Feed
from cluster_dns.forward import Forwarder
from cluster_dns.metrics import Metrics
from cluster_dns.names import ZoneNames, from_text
from cluster_dns.responder import Responder
from cluster_dns.sockets import bind
from cluster_dns.status import Page, StatusServer
from cluster_dns.tcp import TcpListener
from cluster_dns.udp import UdpListener
from cluster_dns.zone import Settings, Zone
from svclab.client.client import Client
from svclab.client.credentials import Credentials
from svclab.client.log_lines import write_to_stderr
from svclab.client.target import Target

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs, for those who must know where."""

    zone: Zone
    udp: tuple[UdpListener, ...]
    tcp: tuple[TcpListener, ...]
    status: tuple[StatusServer, ...]  # of metrics, health and ready, as far as they are served


def run(config: Config) -> int:
    """Serves until SIGTERM or SIGINT; returns the exit code. A failure to start is one line on stderr and 1."""
    write_to_stderr(verbose=config.verbose)
    try:
        asyncio.run(serve(config))
    except (OSError, ValueError) as error:
        log.debug("cannot start", exc_info=True)
        print(f"cluster_dns: {error}", file=sys.stderr)
        return 1
    return 0


async def serve(config: Config) -> None:
    """Serves until SIGTERM or SIGINT, and then for the lameduck time.

    Clients that learn of it meanwhile go elsewhere.
    """
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with running(config, stopped) as server:
        for listener in server.udp:
            log.info("serving %s on %s", config.zone, listener.address)
        await stopped.wait()
        await asyncio.sleep(config.lameduck)


@asynccontextmanager
async def running(config: Config, stopped: asyncio.Event) -> AsyncIterator[Running]:
    """The server, serving while the context lasts. Once `stopped` is set it is no longer ready.

    Raises OSError, ValueError.
    """
    zone = Zone(Settings(ZoneNames(from_text(config.zone)), config.ttl))
    ready = ReadyAnswers(zone)
    forwarder = Forwarder(servers(config), exchange, time.monotonic, random.SystemRandom())
    responder = Responder(zone, ready, forwarder, random.Random())
    async with AsyncExitStack() as undo:
        client = await undo.enter_async_context(Client(target(config)))
        forwarder.check()
        undo.push_async_callback(forwarder.close)
        udp, tcp = await listen(config.listen, responder, undo)
        traffics = [*(listener.traffic for listener in udp), *(listener.traffic for listener in tcp)]
        metrics = Metrics(responder, traffics, f"dns://:{config.listen[0].port}")
        pages: dict[str, Page] = {
            "/health": lambda: (200, "OK"),
            "/ready": lambda: (200, "OK") if zone.synced and not stopped.is_set() else (503, "kubernetes"),
            "/metrics": lambda: (200, metrics.text()),
        }
        status = await show(pages, (config.metrics_port, config.health_port, config.ready_port), undo)
        async with asyncio.TaskGroup() as group:
            feed = Feed(client, Catalog(zone, ready), zone, time.time, metrics.programmed)
            following = group.create_task(feed.run())
            yield Running(zone, udp, tcp, status)
            following.cancel()


def servers(config: Config) -> list[tuple[str, int]]:
    """Whom to ask for names outside. Raises OSError if the resolv.conf cannot be read."""
    found = config.upstreams or nameservers(config.resolv_conf.read_text(errors="replace"))
    return [(endpoint.host, endpoint.port) for endpoint in found]


def target(config: Config) -> Target:
    """The API server, and how to prove who we are there. Raises OSError, ValueError."""
    credentials = Credentials.load(config.credentials).for_channel() if config.credentials else None
    return Target.parse(config.server, credentials)


async def listen(
    endpoints: tuple[Endpoint, ...], responder: Responder, undo: AsyncExitStack
) -> tuple[tuple[UdpListener, ...], tuple[TcpListener, ...]]:
    """Serves the addresses over UDP and TCP until undone. Raises OSError."""
    pairs = [pair for endpoint in endpoints for pair in bind(endpoint)]
    udp = tuple(UdpListener(pair.udp, responder) for pair in pairs)
    tcp = tuple(TcpListener(pair.tcp, responder) for pair in pairs)
    for start, close in [(one.start, one.close) for one in udp] + [(one.start, one.close) for one in tcp]:
        await start()
        undo.push_async_callback(close)
    return udp, tcp


async def show(pages: dict[str, Page], ports: tuple[int | None, ...], undo: AsyncExitStack) -> tuple[StatusServer, ...]:
    """Serves the pages on each port until undone. Raises OSError."""
    shown = []
    for port in ports:
        if port is not None:
            server = StatusServer(pages)
            await server.start(port)
            undo.push_async_callback(server.close)
            shown.append(server)
    return tuple(shown)

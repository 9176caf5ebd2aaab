"""Builds the control plane out of its parts and runs it until it is told to stop."""

import asyncio
import gc
import logging
import math
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from ipaddress import ip_network
from typing import TYPE_CHECKING

import grpc.aio

from apiserver.compaction import Compaction
from apiserver.config import Config
from apiserver.controllers.run import run as run_controllers
from apiserver.controllers.settings import ClusterDns, ControllerSettings
from apiserver.registry import ClusterNetwork, Registry
from apiserver.registry.errors import StatusError
from apiserver.server.api import Api
from apiserver.server.front import STOP_SECONDS, SocketInUse, listen, make_server
from apiserver.server.node_streams import NodeStreams
from apiserver.server.streams import Streams
from apiserver.store import MemoryStore, SqliteStore, Store, StoreError
from svclab.client import Client
from svclab.client.log_lines import write_to_stderr
from svclab.client.transport import LocalTransport

if TYPE_CHECKING:
    from apiserver.security.secure_server import SecureServer

log = logging.getLogger(__name__)

BOOTSTRAP_PERIOD = 10.0  # seconds

# A full collection walks every stored object (100 ms for 10,000 Services), and none of them is garbage: let it be rare.
# What calls and tasks leave behind dies young.
GC_THRESHOLDS = (10_000, 20, 50)
DNS = 10


def run(config: Config) -> int:
    """Serves until SIGTERM or SIGINT; returns the exit code. A failure to start is one line on stderr and 1."""
    write_to_stderr(verbose=config.verbose)
    gc.set_threshold(*GC_THRESHOLDS)
    try:
        asyncio.run(serve(config))
    except (StoreError, SocketInUse, OSError, ValueError) as error:
        log.debug("cannot start", exc_info=True)
        print(f"apiserver: {error}", file=sys.stderr)
        return 1
    return 0


async def serve(config: Config) -> None:
    """Serves until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with running(config):
        log.info("serving on %s", config.socket)
        await stopped.wait()


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[None]:
    """The control plane, serving while the context lasts."""
    async with AsyncExitStack() as undo:
        store = open_store(config)
        undo.push_async_callback(store.close)
        registry = Registry(
            store,
            network(config),
            time.time,
            random.Random(),
            outage_tolerance=math.ceil(config.eviction_after),
        )
        await registry.bootstrap()
        nodes = NodeStreams()
        api = Api(store, registry, nodes, config.cluster_name, random.Random())
        streams = Streams(nodes)
        server = make_server(api, streams)
        listen(server, config.socket)
        secure = secure_server(config, store, nodes, api, streams) if config.listen else None
        servers = [server, secure.server] if secure else [server]
        for one in servers:
            await one.start()
        undo.callback(config.socket.unlink, missing_ok=True)
        undo.push_async_callback(stop, servers, nodes, store)
        # The loops speak the API like a remote controller would, but without a wire: a call costs microseconds.
        client = Client(LocalTransport(api))
        undo.push_async_callback(client.close)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(Compaction(store, config.history, time.monotonic).run()),
                group.create_task(run_controllers(client, controller_settings(config))),
                group.create_task(keep_bootstrapped(registry)),
            ]
            if secure:
                tasks.append(group.create_task(secure.bundles.run()))
            yield
            for task in tasks:
                task.cancel()


async def keep_bootstrapped(registry: Registry) -> None:
    """What every cluster has comes back when somebody deletes it: in Kubernetes within ten seconds too."""
    while True:
        await asyncio.sleep(BOOTSTRAP_PERIOD)
        try:
            await registry.bootstrap()
        except (StatusError, StoreError) as error:
            log.warning("what every cluster has could not be made", extra={"error": str(error)})


def secure_server(config: Config, store: Store, nodes: NodeStreams, api: Api, streams: Streams) -> "SecureServer":
    """The server for TCP. Raises OSError, ValueError."""
    try:  # certificates need a library that a cluster without TCP does not
        from apiserver.security.secure_server import SecureServer
    except ModuleNotFoundError as error:
        raise OSError(f"--listen needs the Python package {error.name}: pip install 'svclab[tls]'") from error
    return SecureServer(config, store, nodes, api, streams)


async def stop(servers: Sequence[grpc.aio.Server], nodes: NodeStreams, store: Store) -> None:
    """No new calls; streams end; what is being written gets written."""
    async with asyncio.TaskGroup() as group:
        for server in servers:
            group.create_task(server.stop(STOP_SECONDS))
        nodes.close()
        group.create_task(store.close())


def open_store(config: Config) -> Store:
    """The engine that the config names. Raises StoreError, OSError."""
    config.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    return MemoryStore() if config.store == "memory" else SqliteStore(config.state_dir / "store.db")


def network(config: Config) -> ClusterNetwork:
    """The addresses and ports that Services are given. Raises ValueError."""
    return ClusterNetwork(
        service_cidrs=tuple(config.service_cidr.split(",")),
        node_port_range=config.node_port_range,
        cluster_domain=config.cluster_domain,
    )


def cluster_dns(config: Config) -> ClusterDns:
    """The cluster's DNS; its address is the tenth of the first service range, as everywhere in Kubernetes."""
    first = ip_network(config.service_cidr.split(",")[0])
    return ClusterDns(config.dns_replicas, str(first[DNS]), config.cluster_domain)


def controller_settings(config: Config) -> ControllerSettings:
    """The times and addresses of the control loops."""
    return ControllerSettings(
        pod_cidrs=tuple(config.pod_cidr.split(",")),
        node_grace=config.node_grace_period,
        node_startup_grace=config.node_startup_grace_period,
        eviction_after=config.eviction_after,
        dns=cluster_dns(config) if config.dns_replicas else None,
    )

"""Builds the mock cloud out of its parts and runs it until it is told to stop."""

import asyncio
import logging
import signal
import sys
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from cloud_controller.backends import Backend, backends
from cloud_controller.balancer import Balancer
from cloud_controller.config import Config
from cloud_controller.controller import ServiceController
from cloud_controller.ledger import Ledger
from cloud_controller.links import Links
from cloud_controller.pool import Pool
from cloud_controller.provider import Provider
from cloud_controller.status import Status
from node_agent.conntrack.kernel import KernelConntrack
from node_agent.nft.kernel import KernelNft, NftError
from protos import kinds
from protos.kubernetes import core_pb2
from svclab.client.client import Client
from svclab.client.credentials import Credentials
from svclab.client.events import EventRecorder
from svclab.client.informer import Informer
from svclab.client.log_lines import write_to_stderr
from svclab.client.target import Target

COMPONENT = "service-controller"  # the source of events, as Kubernetes' cloud controller names itself
FAULTS_NAMESPACE, FAULTS_NAME, FAULTS_KEY = "kube-system", "cloud-faults", "fault"

log = logging.getLogger(__name__)


def run(config: Config) -> int:
    """Serves until SIGTERM or SIGINT; returns the exit code. A failure to start is one line on stderr and 1."""
    write_to_stderr(verbose=config.verbose)
    try:
        with suppress(asyncio.CancelledError):
            asyncio.run(serve(config))
    except (NftError, OSError, ValueError) as error:
        log.debug("cannot start", exc_info=True)
        print(f"cloud controller: {error}", file=sys.stderr)
        return 1
    return 0


async def serve(config: Config) -> None:
    """Serves until SIGTERM or SIGINT."""
    own = asyncio.current_task()
    assert own is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, own.cancel)
    config.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    credentials = Credentials.load(config.credentials).for_channel() if config.credentials else None
    async with Client(Target.parse(config.server, credentials)) as client, asyncio.TaskGroup() as group:
        cloud = Cloud(client, config)
        for task in cloud.tasks():
            group.create_task(task)
        if config.credentials:
            from svclab.client.joining import keep_fresh  # its library is for TCP alone

            group.create_task(keep_fresh(client, config.server, config.credentials))


class Cloud:
    """The parts, wired: Services and faults to the service controller, its load balancers and nodes to the balancer."""

    def __init__(self, client: Client, config: Config) -> None:
        self._services: Informer[core_pb2.Service] = Informer(client, kinds.SERVICES)
        self._nodes: Informer[core_pb2.Node] = Informer(client, kinds.NODES)
        self._faults: Informer[core_pb2.ConfigMap] = Informer(
            client, kinds.CONFIG_MAPS, namespace=FAULTS_NAMESPACE, field_selector=f"metadata.name={FAULTS_NAME}"
        )
        self._events = EventRecorder(client, COMPONENT)
        self._status = Status(client)
        self._provider = Provider(Pool.parse(config.pool), Ledger.load(config.state_dir / "ledger.json"), time.time)
        self._balancer = Balancer(
            KernelNft(),
            KernelConntrack(),
            Links(),
            lambda: list(self._controller.balancers.values()),
            self._members,
            config.cadence,
            config.proxy_health_port,
            self._status.show,
        )
        self._controller = ServiceController(
            client,
            self._services,
            self._provider,
            self._events,
            self._balancer.wake,
            self._members,
            load_balancer_class=config.load_balancer_class,
            default_mode=config.default_mode,
            retry_scale=config.retry_scale,
        )
        self._nodes_moved = asyncio.Event()
        self._nodes.add_handler(lambda key, old, new: self._nodes_moved.set())
        self._faults.add_handler(lambda key, old, new: self._set_fault(new))

    def tasks(self) -> tuple[Coroutine[Any, Any, None], ...]:
        """What must run."""
        informers = (self._services.run(), self._nodes.run(), self._faults.run())
        writers = (self._events.run(), self._status.run())
        return (*informers, *writers, self._controller.run(), self._balance(), self._follow_nodes())

    def _members(self) -> tuple[Backend, ...]:
        return backends(self._nodes.lister.list())

    async def _follow_nodes(self) -> None:
        """Heartbeats change nodes as well, but not what they are to load balancers."""
        await self._nodes.synced()
        members = self._members()
        while True:
            await self._nodes_moved.wait()
            self._nodes_moved.clear()
            if (now := self._members()) != members:
                members = now
                self._balancer.wake()
                self._controller.nodes_changed()

    async def _balance(self) -> None:
        """Nothing is written before all is known: what an earlier run left goes on until it can be replaced whole."""
        await self._nodes.synced()
        await self._controller.settled()
        await self._balancer.run()

    def _set_fault(self, config_map: core_pb2.ConfigMap | None) -> None:
        """`svclab cloud` writes the fault of all Services; a new one counts for every Service at once."""
        self._provider.set_fault(config_map.data.get(FAULTS_KEY, "") if config_map else "")
        self._controller.again()

"""A control plane in memory whose loops run on a clock that stands still, for every test that takes `cluster`."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from apiserver.controllers.run import run
from apiserver.controllers.settings import ControllerSettings
from apiserver.registry import ClusterNetwork, Registry
from apiserver.server.api import Api
from apiserver.server.node_streams import NodeStreams
from apiserver.store import MemoryStore
from protos import kinds, timestamps
from protos.kubernetes import coordination_pb2, core_pb2, discovery_pb2, meta_pb2
from svclab.client import Client
from svclab.client.clock import FakeClock
from svclab.client.transport import LocalTransport

QUIET_PASSES = 60  # of the event loop without a write, after which nothing is under way any more


class Cluster:
    """The API, the loops, and short words for what tests write and look at; all in the namespace default."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore()
        self.registry = Registry(self.store, ClusterNetwork(), self.clock.time, random.Random(1))
        self.client = Client(LocalTransport(Api(self.store, self.registry, NodeStreams(), "test", random.Random(1))))
        self.loops_client = self.client
        self.settings = ControllerSettings()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self.registry.bootstrap()
        loops = asyncio.create_task(run(self.loops_client, self.settings, self.clock))
        await self.settle()
        yield
        assert not loops.done(), loops.exception()
        loops.cancel()
        await asyncio.gather(loops, return_exceptions=True)
        await self.store.close()

    async def settle(self, seconds: int = 0) -> None:
        """Lets `seconds` pass, one by one, and all loops come to rest."""
        await self._rest()
        for _ in range(seconds):
            self.clock.advance(1.0)
            await self._rest()

    async def _rest(self) -> None:
        quiet, revision = 0, self.store.revision
        while quiet < QUIET_PASSES:
            await asyncio.sleep(0)
            quiet = quiet + 1 if self.store.revision == revision else 0
            revision = self.store.revision

    async def add_node(self, name: str, **labels: str) -> None:
        node = core_pb2.Node(metadata=meta_pb2.ObjectMeta(name=name, labels=labels))
        node.status.conditions.add(type="Ready", status="True", lastHeartbeatTime=timestamps.time(self.clock.time()))
        await self.client.create(node)

    async def heartbeat(self, name: str) -> None:
        """A renewed Lease."""
        renewed = timestamps.micro_time(self.clock.time())
        lease = coordination_pb2.Lease(metadata=meta_pb2.ObjectMeta(name=name, namespace="kube-node-lease"))
        lease.spec.renewTime.CopyFrom(renewed)
        if self.store.get(f"/registry/leases/kube-node-lease/{name}") is None:
            await self.client.create(lease)
        else:
            await self.client.update(lease)

    async def add_pod(self, name: str, node: str = "", **labels: str) -> None:
        pod = core_pb2.Pod(metadata=meta_pb2.ObjectMeta(name=name, namespace="default", labels=labels))
        pod.spec.containers.add(name="main", image="echo")
        pod.spec.nodeName = node
        await self.client.create(pod)

    async def start_pod(self, name: str, address: str, *, ready: bool = True) -> None:
        """What its node's agent reports of a running pod."""
        pod = await self.client.get(kinds.PODS, name, "default")
        pod.ClearField("status")
        pod.status.phase = "Running"
        pod.status.podIP = address
        pod.status.podIPs.add(ip=address)
        now = timestamps.time(self.clock.time())
        pod.status.conditions.add(type="Ready", status=str(ready), lastTransitionTime=now)
        await self.client.update_status(pod)

    async def run_pod(self, name: str, address: str, node: str = "node-1", **labels: str) -> None:
        await self.add_pod(name, node, **labels)
        await self.start_pod(name, address)

    async def add_service(self, name: str, **selector: str) -> core_pb2.Service:
        service = core_pb2.Service(metadata=meta_pb2.ObjectMeta(name=name, namespace="default"))
        service.spec.selector.update(selector)
        service.spec.ports.add(name="http", port=80)
        return await self.client.create(service)

    async def pods(self) -> dict[str, core_pb2.Pod]:
        return {pod.metadata.name: pod for pod in (await self.client.list(kinds.PODS, "default")).items}

    async def node(self, name: str) -> core_pb2.Node:
        node: core_pb2.Node = await self.client.get(kinds.NODES, name)
        return node

    async def slices(self, service: str) -> list[discovery_pb2.EndpointSlice]:
        page = await self.client.list(
            kinds.ENDPOINT_SLICES, "default", label_selector=f"kubernetes.io/service-name={service}"
        )
        return page.items

    async def ready_addresses(self, service: str) -> set[str]:
        """The addresses that the slices of a Service call ready."""
        endpoints = (endpoint for slice in await self.slices(service) for endpoint in slice.endpoints)
        return {endpoint.addresses[0] for endpoint in endpoints if endpoint.conditions.ready}

    async def names(self, kind: kinds.Kind) -> set[str]:
        return {obj.metadata.name for obj in (await self.client.list(kind, "default")).items}

    async def events(self, reason: str) -> list[core_pb2.Event]:
        page = await self.client.list(kinds.EVENTS, field_selector=f"reason={reason}")
        return page.items


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    found = Cluster()
    async with found.running():
        yield found

"""A whole API server without its socket, for every test that takes `cluster`; coroutines run in a loop of their own."""

import asyncio
import inspect
import random
from dataclasses import dataclass

import pytest

from apiserver.registry import ClusterNetwork, Registry
from apiserver.server.api import Api
from apiserver.server.node_streams import NodeStreams
from apiserver.store import MemoryStore
from protos import kinds
from protos.kubernetes import core_pb2
from svclab.client import Client
from svclab.client.transport import LocalTransport


@dataclass(frozen=True)
class Cluster:
    """The parts of one API server, and a client that calls it in process."""

    store: MemoryStore
    registry: Registry
    nodes: NodeStreams
    api: Api
    client: Client

    async def config_map(self, name: str, namespace: str = "default", **labels: str) -> core_pb2.ConfigMap:
        """Creates one."""
        new = core_pb2.ConfigMap()
        new.metadata.name, new.metadata.namespace = name, namespace
        new.metadata.labels.update(labels)
        return await self.client.create(new)

    async def relabel(self, name: str, **labels: str | None) -> core_pb2.ConfigMap:
        """Changes labels of a config map of the default namespace."""
        patched = await self.client.patch(kinds.CONFIG_MAPS, name, "default", {"metadata": {"labels": labels}})
        assert isinstance(patched, core_pb2.ConfigMap)
        return patched


@pytest.fixture
def cluster() -> Cluster:
    store = MemoryStore()
    registry = Registry(store, ClusterNetwork(), random=random.Random(1))
    asyncio.run(registry.bootstrap())
    nodes = NodeStreams()
    api = Api(store, registry, nodes, "test", random.Random(1))
    return Cluster(store, registry, nodes, api, Client(LocalTransport(api)))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True

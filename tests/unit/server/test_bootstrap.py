"""What every cluster has comes back when somebody deletes it."""

import asyncio
import random
import time

import pytest

from apiserver import main
from apiserver.registry import ClusterNetwork, Registry
from apiserver.registry.errors import NotFound
from apiserver.store import MemoryStore
from protos.kinds import SERVICES
from protos.kubernetes.meta_pb2 import DeleteOptions


async def test_the_service_of_the_api_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "BOOTSTRAP_PERIOD", 0.0)
    registry = Registry(MemoryStore(), ClusterNetwork(("10.96.0.0/16",)), time.time, random.Random(1))
    await registry.bootstrap()
    await registry.delete(SERVICES, "default", "kubernetes", DeleteOptions())
    with pytest.raises(NotFound):
        registry.get(SERVICES, "default", "kubernetes")
    made = registry.store.watch("/registry/services/default/kubernetes", registry.store.revision)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        task = group.create_task(main.keep_bootstrapped(registry))
        await anext(aiter(made))
        task.cancel()
    assert registry.get(SERVICES, "default", "kubernetes")

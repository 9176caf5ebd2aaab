"""Many writers at once: no allocation twice, no update lost, whichever the engine."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import pytest

from apiserver.registry import ClusterNetwork, Patch, Registry, errors
from apiserver.store import MemoryStore, SqliteStore, Store
from protos.api_pb2 import PatchType
from protos.kinds import CONFIG_MAPS, SERVICES
from protos.kubernetes.core_pb2 import ConfigMap, Service
from tests.unit.registry.harness import message


@pytest.fixture(params=["memory", "sqlite"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    return MemoryStore if request.param == "memory" else lambda: SqliteStore(tmp_path / "store.db")


def play(open_store: Callable[[], Store], scene: Callable[[Registry], Awaitable[None]]) -> None:
    async def main() -> None:
        store = open_store()
        registry = Registry(store, ClusterNetwork(("10.0.0.0/28",), (30000, 30012)), random=Random(1))
        await registry.bootstrap()
        await scene(registry)
        await store.close()

    asyncio.run(main())


def test_every_address_and_port_goes_to_one_service(open_store: Callable[[], Store]) -> None:
    async def scene(registry: Registry) -> None:
        spec = message(SERVICES, "{metadata: {generateName: a-}, spec: {type: NodePort, ports: [{port: 80}]}}")
        written = await asyncio.gather(*(registry.create(SERVICES, "default", spec) for _ in range(13)))
        services = [Service.FromString(each.object) for each in written]
        assert len({service.spec.clusterIP for service in services} | {"10.0.0.1"}) == 14
        assert len({service.spec.ports[0].nodePort for service in services}) == 13
        with pytest.raises(errors.InternalError, match="range is full"):
            await registry.create(SERVICES, "default", spec)

    play(open_store, scene)


def test_one_of_two_gets_the_port_that_both_ask_for(open_store: Callable[[], Store]) -> None:
    async def scene(registry: Registry) -> None:
        specs = [
            message(
                SERVICES,
                f"{{metadata: {{name: {name}}}, spec: {{type: NodePort, ports: [{{port: 80, nodePort: 30001}}]}}}}",
            )
            for name in "ab"
        ]
        results = await asyncio.gather(
            *(registry.create(SERVICES, "default", spec) for spec in specs), return_exceptions=True
        )
        refused = [result for result in results if isinstance(result, errors.Invalid)]
        assert len(refused) == 1 and "provided port is already allocated" in str(refused[0])

    play(open_store, scene)


def test_no_patch_is_lost(open_store: Callable[[], Store]) -> None:
    async def scene(registry: Registry) -> None:
        await registry.create(CONFIG_MAPS, "default", message(CONFIG_MAPS, "{metadata: {name: a}}"))
        patches = [Patch(PatchType.MERGE, f'{{"data": {{"k{number}": "v"}}}}'.encode()) for number in range(20)]
        await asyncio.gather(*(registry.patch(CONFIG_MAPS, "default", "a", patch) for patch in patches))
        assert len(ConfigMap.FromString(registry.get(CONFIG_MAPS, "default", "a")).data) == 20

    play(open_store, scene)

"""Pods of a node whose shims are fakes, against the real API in memory."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from apiserver.registry import ClusterNetwork, Registry
from apiserver.server.api import Api
from apiserver.server.node_streams import NodeStreams
from apiserver.store import MemoryStore
from node_agent.config import Config
from node_agent.pods.fake_shims import FakePod, FakeSpawner
from node_agent.pods.pods import Pods
from node_agent.pods.sandbox import NodeNetwork
from node_agent.pods.state import Surroundings
from protos import kinds
from protos.kubernetes import core_pb2, meta_pb2
from svclab.client import Client, EventRecorder, Informer, Key, Lister
from svclab.client.clock import LoopClock
from svclab.client.transport import LocalTransport

Condition = Callable[[core_pb2.Pod], bool]


class Node:
    """A node in the namespace default, and short words for what tests do and look at."""

    def __init__(self, folder: Path) -> None:
        self.store = MemoryStore()
        self.registry = Registry(self.store, ClusterNetwork(), LoopClock().time, random.Random(1))
        self.client = Client(LocalTransport(Api(self.store, self.registry, NodeStreams(), "test", random.Random(1))))
        self.spawner = FakeSpawner()
        self.network = NodeNetwork(1500)
        self.network.set_networks(("10.244.1.0/24",))
        config = Config("node-1", "unix:/none", ("172.30.0.2",), folder, backoff=0.02, backoff_limit=0.08)
        services: Lister[core_pb2.Service] = Lister()
        self.events = EventRecorder(self.client, "kubelet", host="node-1")
        around = Surroundings(config, self.client, self.spawner, self.network, services, self.events)  # type: ignore[arg-type]
        self.pods = Pods(around)
        self.informer: Informer[core_pb2.Pod] = Informer(self.client, kinds.PODS)
        self.writes: list[str] = []
        self._gone = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Node"]:
        await self.registry.bootstrap()
        self.informer.add_handler(self.pods.changed)
        self.informer.add_handler(self._changed)
        tasks = [asyncio.create_task(self.informer.run()), asyncio.create_task(self.events.run())]
        await self.informer.synced()
        yield self
        await self.pods.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.spawner.close()
        await self.store.close()

    def _changed(self, key: Key, old: core_pb2.Pod | None, new: core_pb2.Pod | None) -> None:
        if new is None:
            self._gone.set()
        else:
            self.writes.append(new.status.phase)

    async def create(self, *containers: core_pb2.Container, **spec: Any) -> core_pb2.Pod:
        names = {f"c{number}": container for number, container in enumerate(containers)}
        for name, container in names.items():
            container.name = container.name or name
        pod = core_pb2.Pod(
            metadata=meta_pb2.ObjectMeta(name="p", namespace="default"),
            spec=core_pb2.PodSpec(containers=containers, nodeName="node-1", **spec),
        )
        return await self.client.create(pod)

    async def until(self, condition: Condition) -> core_pb2.Pod:
        """The pod as soon as the condition holds."""
        async with asyncio.timeout(5):
            async for batch in self.client.watch(kinds.PODS, "default", send_initial_events=True):
                for event in batch:
                    if event.type in ("ADDED", "MODIFIED") and condition(event.object):
                        found: core_pb2.Pod = event.object
                        return found
        raise AssertionError("the watch ended")

    async def gone(self) -> None:
        async with asyncio.timeout(5):
            await self._gone.wait()

    @property
    def pod(self) -> FakePod:
        return self.spawner.pods["p"]


@pytest.fixture
def play(tmp_path: Path) -> Callable[[Callable[[Node], Awaitable[None]]], None]:
    """Runs a scene on a node of its own."""

    def run(scene: Callable[[Node], Awaitable[None]]) -> None:
        async def main() -> None:
            async with Node(tmp_path).running() as node:
                await scene(node)

        asyncio.run(main())

    return run


Play = Callable[[Callable[[Node], Awaitable[None]]], None]


def echo(**fields: Any) -> core_pb2.Container:
    return core_pb2.Container(image="echo", **fields)


NOWHERE = core_pb2.ConfigMapKeySelector(key="k", localObjectReference=core_pb2.LocalObjectReference(name="none"))
FROM_NOWHERE = core_pb2.EnvVar(name="X", valueFrom=core_pb2.EnvVarSource(configMapKeyRef=NOWHERE))


def is_ready(pod: core_pb2.Pod) -> bool:
    return any(one.type == "Ready" and one.status == "True" for one in pod.status.conditions)


def waits(reason: str) -> Condition:
    return lambda pod: any(one.state.waiting.reason == reason for one in pod.status.containerStatuses)


def test_a_pod_becomes_ready_by_one_write(play: Play) -> None:
    async def scene(node: Node) -> None:
        await node.create(echo())
        pod = await node.until(is_ready)
        assert (pod.status.phase, pod.status.podIP) == ("Running", "10.244.1.2")
        assert node.writes == ["Pending", "Running"]

    play(scene)


def test_init_containers_come_first_one_by_one(play: Play) -> None:
    async def scene(node: Node) -> None:
        init = [echo(name="first"), echo(name="second")]
        await node.create(echo(name="main"), initContainers=init)
        for name in ("first", "second"):
            await node.until(
                lambda pod, name=name: any(  # type: ignore[misc]
                    one.name == name and one.state.HasField("running") for one in pod.status.initContainerStatuses
                )
            )
            assert node.pod.started[-1].name == name
            node.pod.end(name, 0)
        await node.until(is_ready)
        assert [spec.name for spec in node.pod.started] == ["first", "second", "main"]

    play(scene)


def test_a_crash_loop(play: Play) -> None:
    async def scene(node: Node) -> None:
        await node.create(echo())
        await node.until(is_ready)
        for count in (1, 2):
            node.pod.end("c0", 3)
            pod = await node.until(
                lambda pod, count=count: is_ready(pod) and pod.status.containerStatuses[0].restartCount == count  # type: ignore[misc]
            )
            assert pod.status.containerStatuses[0].lastState.terminated.exitCode == 3
        assert [spec.attempt for spec in node.pod.started] == [0, 1, 2]

    play(scene)


def test_what_has_succeeded_rests(play: Play) -> None:
    async def scene(node: Node) -> None:
        await node.create(echo(), restartPolicy="OnFailure")
        await node.until(is_ready)
        node.pod.end("c0", 1)
        await node.until(lambda pod: is_ready(pod) and pod.status.containerStatuses[0].restartCount == 1)
        node.pod.end("c0", 0)
        pod = await node.until(lambda pod: pod.status.phase == "Succeeded")
        assert not is_ready(pod)

    play(scene)


@pytest.mark.parametrize(
    ("container", "reason"),
    [
        (core_pb2.Container(image="quay.io/some/postgres"), "ErrImagePull"),
        (core_pb2.Container(image="Not Valid"), "InvalidImageName"),
        (echo(env=[FROM_NOWHERE]), "CreateContainerConfigError"),
    ],
)
def test_what_cannot_be_started_says_why(play: Play, container: core_pb2.Container, reason: str) -> None:
    async def scene(node: Node) -> None:
        await node.create(container)
        pod = await node.until(waits(reason))
        assert pod.status.phase == "Pending"
        assert pod.status.containerStatuses[0].state.waiting.message

    play(scene)


def test_a_program_that_is_not_there(play: Play) -> None:
    async def scene(node: Node) -> None:
        await node.create(echo(command=["nonesuch"]), restartPolicy="Never")
        pod = await node.until(lambda pod: pod.status.phase == "Failed")
        ended = pod.status.containerStatuses[0].state.terminated
        assert (ended.exitCode, ended.reason) == (128, "StartError")
        assert "not found in $PATH" in ended.message

    play(scene)


def test_another_image_is_another_run(play: Play) -> None:
    async def scene(node: Node) -> None:
        await node.create(echo())
        await node.until(is_ready)
        change = {"spec": {"containers": [{"name": "c0", "image": "nginx"}]}}
        await node.client.patch(kinds.PODS, "p", "default", change)
        pod = await node.until(lambda pod: is_ready(pod) and pod.status.containerStatuses[0].restartCount == 1)
        assert pod.status.containerStatuses[0].image == "nginx"
        assert [spec.argv[4] for spec in node.pod.started] == ["echo", "static"]

    play(scene)


def test_deletion_is_graceful(play: Play) -> None:
    async def scene(node: Node) -> None:
        await node.create(echo())
        await node.until(is_ready)
        await node.client.delete(kinds.PODS, "p", "default")
        await node.gone()
        assert node.pod.signals == [("c0", 15)]
        assert node.network.addresses.allocate("next", ("10.244.1.0/30",)) == ("10.244.1.2",)

    play(scene)


def test_whoever_does_not_hear_sigterm_is_killed(play: Play) -> None:
    async def scene(node: Node) -> None:
        await node.create(echo())
        await node.until(is_ready)
        node.pod.obeys_sigterm = False
        await node.client.delete(kinds.PODS, "p", "default", grace_period=1)
        await node.gone()
        assert node.pod.signals == [("c0", 15), ("c0", 9)]

    play(scene)


def test_forced_deletion_does_not_ask(play: Play) -> None:
    async def scene(node: Node) -> None:
        await node.create(echo())
        await node.until(is_ready)
        node.pod.changed.clear()
        await node.client.delete(kinds.PODS, "p", "default", grace_period=0)
        async with asyncio.timeout(5):
            await node.pod.changed.wait()
        assert node.pod.signals == [("c0", 9)]

    play(scene)


def test_a_pod_that_lost_its_shim_is_built_anew(play: Play) -> None:
    async def scene(node: Node) -> None:
        await node.create(echo())
        await node.until(is_ready)
        first = node.pod
        first.die()
        pod = await node.until(lambda pod: is_ready(pod) and pod.status.containerStatuses[0].restartCount == 1)
        assert node.pod is not first
        assert pod.status.containerStatuses[0].lastState.terminated.exitCode == 137

    play(scene)

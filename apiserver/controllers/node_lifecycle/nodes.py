"""Watches nodes and their Leases; writes conditions and taints of nodes, and Ready of their pods."""

import asyncio

from apiserver.controllers import taints
from apiserver.controllers.informers import Informers
from apiserver.controllers.node_lifecycle import health
from apiserver.controllers.settings import ControllerSettings
from protos.kubernetes import coordination_pb2, core_pb2
from svclab.client import Client, Controller, EventRecorder, Key, Result, errors
from svclab.client.clock import Clock


class NodeLifecycleController:
    """One reconcile looks at one node, and comes back when its grace would end."""

    def __init__(
        self, client: Client, informers: Informers, recorder: EventRecorder, clock: Clock, settings: ControllerSettings
    ) -> None:
        self._client = client
        self._informers = informers
        self._recorder = recorder
        self._clock = clock
        self._settings = settings
        self._heartbeats: dict[Key, health.Heartbeat] = {}
        read = (informers.nodes, informers.leases, informers.pods)
        self._controller = Controller[Key]("node-lifecycle", self.reconcile, read, clock=clock)
        informers.nodes.add_handler(self._node_changed)
        informers.leases.add_handler(self._lease_changed)

    async def run(self) -> None:
        """Works until cancelled."""
        await self._controller.run()

    async def reconcile(self, key: Key) -> Result | None:
        """Makes the node's object, and its pods, say what is known about the node."""
        node = self._informers.nodes.lister.get(*key)
        if node is None:
            self._heartbeats.pop(key, None)
            return None
        grace = self._settings.node_startup_grace if health.never_reported(node) else self._settings.node_grace
        remaining = self._notice(key, node) + grace - self._clock.monotonic()
        if remaining <= 0:
            node = await self._mark_unknown(node)
        node = await self._set_taints(node)
        if not health.never_reported(node) and not taints.node_is_ready(node):
            await self._mark_pods(node)
        return Result(again_after=max(remaining, 0.0) or grace)

    def _notice(self, key: Key, node: core_pb2.Node) -> float:
        """When the node's last heartbeat was noticed."""
        beat = health.beat_of(node, self._informers.leases.lister.get("kube-node-lease", key.name))
        last = self._heartbeats.get(key)
        if last is None or last.beat != beat:
            last = self._heartbeats[key] = health.Heartbeat(beat, self._clock.monotonic())
        return last.noticed

    async def _mark_unknown(self, node: core_pb2.Node) -> core_pb2.Node:
        unknown = health.with_unknown_conditions(node, self._clock.time())
        if unknown == node:
            return node
        if taints.node_is_ready(node):
            text = f"Node {node.metadata.name} status is now: NodeNotReady"
            self._recorder.event(node, "Normal", "NodeNotReady", text)
        return await self._client.update_status(unknown)

    async def _set_taints(self, node: core_pb2.Node) -> core_pb2.Node:
        others = (other for other in self._informers.nodes.lister.list() if other.metadata.name != node.metadata.name)
        may_evict = taints.node_is_ready(node) or any(map(taints.node_is_ready, others))
        wanted = health.desired_taints(node, may_evict=may_evict, now=self._clock.time())
        if wanted == [*node.spec.taints]:
            return node
        tainted = core_pb2.Node()
        tainted.CopyFrom(node)
        del tainted.spec.taints[:]
        tainted.spec.taints.extend(wanted)
        return await self._client.update(tainted)

    async def _mark_pods(self, node: core_pb2.Node) -> None:
        pods = self._informers.pods.lister.indexed("node", node.metadata.name)
        marked = health.pods_to_mark(pods, self._clock.time())
        for pod in marked:
            self._recorder.event(pod, "Warning", "NodeNotReady", "Node is not ready")
        results = await asyncio.gather(*map(self._client.update_status, marked), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, errors.NotFound):
                raise result

    def _node_changed(self, key: Key, old: core_pb2.Node | None, new: core_pb2.Node | None) -> None:
        if old is not None and new is not None:
            self._notice(key, new)
            if old.spec == new.spec and taints.node_is_ready(old) == taints.node_is_ready(new):
                return
        self._controller.queue.add(key)
        if old is None or new is None or taints.node_is_ready(old) != taints.node_is_ready(new):
            self._look_at_the_silent()  # whether all nodes are silent may have changed

    def _look_at_the_silent(self) -> None:
        for node in self._informers.nodes.lister.list():
            if not taints.node_is_ready(node):
                self._controller.queue.add(Key("", node.metadata.name))

    def _lease_changed(self, key: Key, old: coordination_pb2.Lease | None, new: coordination_pb2.Lease | None) -> None:
        node = self._informers.nodes.lister.get("", key.name)
        if node is not None:
            self._notice(Key("", key.name), node)

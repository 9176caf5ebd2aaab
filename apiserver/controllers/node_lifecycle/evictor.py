"""Deletes the pods whose patience with their node has ended."""

import math

from apiserver.controllers.informers import Informers
from apiserver.controllers.node_lifecycle.eviction import leaves_at
from protos import kinds
from protos.kubernetes import core_pb2
from svclab.client import Client, Controller, EventRecorder, Key, Result, errors
from svclab.client.clock import Clock


class Evictor:
    """One reconcile looks at one pod on a tainted node, and comes back when it must leave.

    Nobody confirms the deletion of a pod on a dead node: the pod stays Terminating until the node is back or deleted.
    """

    def __init__(
        self, client: Client, informers: Informers, recorder: EventRecorder, clock: Clock, eviction_after: float
    ) -> None:
        self._client = client
        self._informers = informers
        self._recorder = recorder
        self._clock = clock
        self._eviction_after = eviction_after
        self._controller = Controller[Key]("evictor", self.reconcile, (informers.nodes, informers.pods), clock=clock)
        informers.nodes.add_handler(self._node_changed)
        informers.pods.add_handler(self._pod_changed)

    async def run(self) -> None:
        """Works until cancelled."""
        await self._controller.run()

    async def reconcile(self, key: Key) -> Result | None:
        """Deletes the pod if it is time."""
        pod = self._informers.pods.lister.get(*key)
        node = self._informers.nodes.lister.get("", pod.spec.nodeName) if pod is not None else None
        if pod is None or node is None or pod.metadata.HasField("deletionTimestamp"):
            return None
        remaining = leaves_at(pod, node, self._eviction_after) - self._clock.time()
        if remaining > 0:
            return None if remaining == math.inf else Result(again_after=remaining)
        self._recorder.event(pod, "Normal", "TaintManagerEviction", f"Marking for deletion Pod {key}")
        try:
            await self._client.delete(kinds.PODS, key.name, key.namespace, uid=pod.metadata.uid)
        except errors.NotFound:
            return None
        return None

    def _node_changed(self, key: Key, old: core_pb2.Node | None, new: core_pb2.Node | None) -> None:
        before = [*old.spec.taints] if old is not None else []
        if new is not None and [*new.spec.taints] != before:
            for pod in self._informers.pods.lister.indexed("node", key.name):
                self._controller.queue.add(Key(pod.metadata.namespace, pod.metadata.name))

    def _pod_changed(self, key: Key, old: core_pb2.Pod | None, new: core_pb2.Pod | None) -> None:
        if new is not None and new.spec.nodeName and (old is None or old.spec != new.spec):
            node = self._informers.nodes.lister.get("", new.spec.nodeName)
            if node is not None and node.spec.taints:
                self._controller.queue.add(key)

"""Deletes the pods whose node is gone (pod garbage collection)."""

from apiserver.controllers.informers import Informers
from protos import kinds
from protos.kubernetes import core_pb2
from svclab.client import Client, Controller, Key, Result, errors
from svclab.client.clock import Clock


class OrphanCollector:
    """One reconcile looks at one node that is not there, and deletes its pods if it has been away long enough."""

    def __init__(self, client: Client, informers: Informers, clock: Clock, deleted_after: float) -> None:
        self._client = client
        self._informers = informers
        self._clock = clock
        self._deleted_after = deleted_after
        self._missing_since: dict[Key, float] = {}
        self._controller = Controller[Key](
            "pod-garbage-collector", self.reconcile, (informers.nodes, informers.pods), clock=clock
        )
        informers.nodes.add_handler(self._node_changed)
        informers.pods.add_handler(self._pod_changed)

    async def run(self) -> None:
        """Works until cancelled."""
        await self._controller.run()

    async def reconcile(self, key: Key) -> Result | None:
        """Deletes at once (grace 0: there is nobody to wait for) the pods of a node that is gone."""
        pods = self._informers.pods.lister.indexed("node", key.name)
        if self._informers.nodes.lister.get(*key) is not None or not pods:
            self._missing_since.pop(key, None)
            return None
        since = self._missing_since.setdefault(key, self._clock.monotonic())
        remaining = since + self._deleted_after - self._clock.monotonic()
        if remaining > 0:
            return Result(again_after=remaining)
        for pod in pods:
            await self._delete(pod)
        return None

    async def _delete(self, pod: core_pb2.Pod) -> None:
        meta = pod.metadata
        try:
            await self._client.delete(kinds.PODS, meta.name, meta.namespace, grace_period=0, uid=meta.uid)
        except errors.NotFound:
            return

    def _node_changed(self, key: Key, old: core_pb2.Node | None, new: core_pb2.Node | None) -> None:
        if old is None or new is None:
            self._controller.queue.add(key)

    def _pod_changed(self, key: Key, old: core_pb2.Pod | None, new: core_pb2.Pod | None) -> None:
        name = new.spec.nodeName if new is not None else ""
        if name and (old is None or old.spec.nodeName != name) and not self._informers.nodes.lister.get("", name):
            self._controller.queue.add(Key("", name))

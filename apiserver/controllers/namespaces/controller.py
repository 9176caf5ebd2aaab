"""Watches namespaces; deletes what is in those that end."""

import asyncio

from apiserver.controllers.informers import Informers
from protos.kinds import KINDS, NAMESPACES, PODS, Kind
from protos.kubernetes import core_pb2
from svclab.client import Client, Controller, Key, Result, errors
from svclab.client.clock import Clock

LOOK_AGAIN = 0.2  # seconds, while pods end and finalizers are worked off


class NamespaceController:
    """One reconcile deletes what is left in one namespace, and takes the finalizer off when nothing is."""

    def __init__(self, client: Client, informers: Informers, clock: Clock) -> None:
        self._client = client
        self._namespaces = informers.namespaces
        self._controller = Controller[Key]("namespace", self.reconcile, (informers.namespaces,), clock=clock)
        informers.namespaces.add_handler(self._changed)

    async def run(self) -> None:
        """Works until cancelled."""
        await self._controller.run()

    async def reconcile(self, key: Key) -> Result | None:
        """Deletes the namespace's content; finalizes it when it is empty."""
        namespace = self._namespaces.lister.get(*key)
        if namespace is None or not namespace.metadata.HasField("deletionTimestamp"):
            return None
        # Pods first: what serves them must not vanish before they do.
        pods = await self._delete_all(PODS, key.name)
        others = [kind for kind in KINDS if kind.namespaced and kind is not PODS]
        left = await asyncio.gather(*(self._delete_all(kind, key.name) for kind in others))
        if pods or any(left):
            return Result(again_after=LOOK_AGAIN)
        try:
            await self._client.patch(NAMESPACES, key.name, "", {"spec": {"finalizers": []}}, type="merge")
        except errors.NotFound:
            return None
        return None

    async def _delete_all(self, kind: Kind, namespace: str) -> int:
        """Deletes the objects of a kind; returns how many are still there."""
        page = await self._client.list(kind, namespace)
        deletions = (
            self._client.delete(kind, obj.metadata.name, namespace, uid=obj.metadata.uid)
            for obj in page.items
            if not obj.metadata.HasField("deletionTimestamp")
        )
        results = await asyncio.gather(*deletions, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, errors.NotFound | errors.Conflict):
                raise result
        return len(page.items) - sum(result is None or isinstance(result, errors.NotFound) for result in results)

    def _changed(self, key: Key, old: core_pb2.Namespace | None, new: core_pb2.Namespace | None) -> None:
        if new is not None and new.metadata.HasField("deletionTimestamp"):
            self._controller.queue.add(key)

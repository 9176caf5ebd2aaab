"""Watches objects of all kinds; deletes dependents, strips owner references, takes off its own finalizers."""

from typing import Any, NamedTuple

from apiserver.controllers.garbage.verdict import FOREGROUND, ORPHAN, Verdict, blocks, is_waiting, judge
from apiserver.controllers.informers import Informers
from protos.kinds import BY_TYPE_META, Kind, kind_of
from protos.kubernetes import meta_pb2
from svclab.client import Client, Controller, Key, errors
from svclab.client.clock import Clock


class Item(NamedTuple):
    """One object of any kind."""

    kind: Kind
    key: Key

    def __str__(self) -> str:
        return f"{self.kind.resource} {self.key}"


class GarbageCollector:
    """One reconcile decides about one object: as a dependent, and as an owner that waits for its dependents."""

    def __init__(self, client: Client, informers: Informers, clock: Clock) -> None:
        self._client = client
        self._informers = informers.by_kind()
        read = self._informers.values()
        self._controller = Controller[Item]("garbage-collector", self.reconcile, read, clock=clock)
        for informer in self._informers.values():
            informer.add_handler(self._changed)

    async def run(self) -> None:
        """Works until cancelled."""
        await self._controller.run()

    async def reconcile(self, item: Item) -> None:
        """Does for the object what its owners, or its own finalizers, ask for."""
        obj = self._informers[item.kind].lister.get(*item.key)
        if obj is None:
            return
        try:
            if obj.metadata.HasField("deletionTimestamp"):
                await self._let_go(obj)
            elif obj.metadata.ownerReferences:
                await self._carry_out(item, obj)
        except errors.NotFound:
            return

    async def _carry_out(self, item: Item, obj: Any) -> None:
        absent, waiting = set(), set()
        for reference in obj.metadata.ownerReferences:
            owner = await self._find(reference, item.key.namespace)
            if owner is None:
                absent.add(reference.uid)
            elif owner is not reference and is_waiting(owner):
                waiting.add(reference.uid)
        verdict = judge(obj, absent, waiting)
        if verdict is Verdict.DELETE:
            await self._client.delete(item.kind, item.key.name, item.key.namespace, uid=obj.metadata.uid)
        elif verdict is Verdict.DELETE_WITH_OWNER:
            await self._client.delete(
                item.kind, item.key.name, item.key.namespace, uid=obj.metadata.uid, propagation="Foreground"
            )
        elif verdict is Verdict.DROP_REFERENCES:
            await self._without_owners(obj, absent)

    async def _find(self, reference: meta_pb2.OwnerReference, namespace: str) -> Any:
        """The owner; None if it is gone for certain; the reference itself if its kind is not known here."""
        kind = BY_TYPE_META.get((reference.apiVersion, reference.kind))
        if kind is None or kind not in self._informers:
            return reference
        key = Key(namespace if kind.namespaced else "", reference.name)
        owner = self._informers[kind].lister.get(*key)
        if owner is None or owner.metadata.uid != reference.uid:
            try:  # the copy may be older than the reference
                owner = await self._client.get(kind, key.name, key.namespace)
            except errors.NotFound:
                return None
        return owner if owner.metadata.uid == reference.uid else None

    async def _let_go(self, owner: Any) -> None:
        finalizers, uid = owner.metadata.finalizers, owner.metadata.uid
        if ORPHAN in finalizers:
            for dependent in self._dependents(uid):
                await self._without_owners(dependent, {uid})
            await self._without_finalizer(owner, ORPHAN)
        elif FOREGROUND in finalizers:
            blocking = [dependent for dependent in self._dependents(uid) if blocks(dependent, uid)]
            for dependent in self._dependents(uid):
                self._add(dependent)
            if not blocking:
                await self._without_finalizer(owner, FOREGROUND)

    async def _without_owners(self, obj: Any, uids: set[str]) -> None:
        copy = type(obj)()
        copy.CopyFrom(obj)
        kept = [owner for owner in obj.metadata.ownerReferences if owner.uid not in uids]
        del copy.metadata.ownerReferences[:]
        copy.metadata.ownerReferences.extend(kept)
        await self._client.update(copy)

    async def _without_finalizer(self, obj: Any, finalizer: str) -> None:
        copy = type(obj)()
        copy.CopyFrom(obj)
        copy.metadata.finalizers.remove(finalizer)
        await self._client.update(copy)

    def _dependents(self, uid: str) -> list[Any]:
        return [obj for informer in self._informers.values() for obj in informer.lister.indexed("owner", uid)]

    def _changed(self, key: Key, old: Any, new: Any) -> None:
        if new is not None and (owners_changed(old, new) or new.metadata.HasField("deletionTimestamp")):
            self._add(new)
        if new is None or (old is not None and old.metadata.uid != new.metadata.uid):
            for dependent in self._dependents(old.metadata.uid):
                self._add(dependent)
            self._look_at_owners(old)

    def _look_at_owners(self, dependent: Any) -> None:
        """An owner in foreground deletion may have waited for this dependent."""
        for reference in dependent.metadata.ownerReferences:
            kind = BY_TYPE_META.get((reference.apiVersion, reference.kind))
            if kind is not None:
                namespace = dependent.metadata.namespace if kind.namespaced else ""
                self._controller.queue.add(Item(kind, Key(namespace, reference.name)))

    def _add(self, obj: Any) -> None:
        self._controller.queue.add(Item(kind_of(obj), Key(obj.metadata.namespace, obj.metadata.name)))


def owners_changed(old: Any, new: Any) -> bool:
    """The object has other owners than before; a new one without owners has not."""
    before = [*old.metadata.ownerReferences] if old is not None else []
    return [*new.metadata.ownerReferences] != before

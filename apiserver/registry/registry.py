"""The API's verbs over the store: objects are defaulted, allocated for, validated, and written in one transaction."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from google.protobuf.message import Message

from apiserver.allocation.claims import Claims
from apiserver.registry.bootstrap import bootstrap
from apiserver.registry.deletion import check_preconditions, mark_deleted
from apiserver.registry.errors import AlreadyExists, Conflict, NotFound
from apiserver.registry.keys import object_key, with_resource_version
from apiserver.registry.namespace import check_open
from apiserver.registry.network import ClusterNetwork
from apiserver.registry.objects import check_identity, copy, decode, encode
from apiserver.registry.patches import Patch, apply_patch
from apiserver.registry.preparation import Preparation
from apiserver.registry.strategies import strategies
from apiserver.registry.strategy import Object, Strategy
from apiserver.store import Compare, CompareFailed, Delete, KeyValue, Operation, Put, Store
from protos.kinds import Kind
from protos.kubernetes.meta_pb2 import DeleteOptions

_NAME_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Written:
    """The answer to a write: the object's bytes with its resourceVersion; `removed`: they are the last there were."""

    object: bytes
    warnings: tuple[str, ...] = ()
    removed: bool = False


class Registry:
    """Reads give stored bytes; writes raise StatusError. `clock`: seconds since 1970.

    `outage_tolerance`: seconds that a new Pod bears a node that is not ready, unless it says it itself.
    """

    def __init__(
        self,
        store: Store,
        network: ClusterNetwork,
        clock: Callable[[], float] = time.time,
        random: Random | None = None,
        *,
        outage_tolerance: int = 300,
    ) -> None:
        self.store = store
        self.network = network
        self._clock = clock
        random = random or Random()
        self._preparation = Preparation(clock, random)
        self._strategies: Mapping[str, Strategy] = strategies(network, clock, random, outage_tolerance)

    async def bootstrap(self) -> None:
        """Makes the namespaces and the `kubernetes` Service that every cluster has; what exists stays as it is."""
        await bootstrap(self)

    def get(self, kind: Kind, namespace: str, name: str) -> bytes:
        """The object's bytes with its resourceVersion. Raises NotFound."""
        current = self._current(kind, namespace, name)
        return with_resource_version(current.value, current.mod_revision)

    async def create(self, kind: Kind, namespace: str, message: Message, *, dry_run: bool = False) -> Written:
        """Writes a new object; a name from generateName is tried several times."""
        strategy = self._strategies[kind.resource]
        given: Object = message
        attempts = 0
        while True:
            new = copy(given)
            self._preparation.fill(strategy, new, namespace)
            name, key = new.metadata.name, object_key(kind, namespace, new.metadata.name)
            if self.store.get(key) is None:
                written = await self._create(strategy, key, new, dry_run=dry_run)
                if written is not None:
                    return written
            elif given.metadata.name or (attempts := attempts + 1) == _NAME_ATTEMPTS:
                raise AlreadyExists(kind, name)

    async def _create(self, strategy: Strategy, key: str, new: Object, *, dry_run: bool) -> Written | None:
        """The filled object checked and written; None when another writer was faster at one of its keys."""
        claims, meta = Claims(self.store.get, key), new.metadata
        namespace = [check_open(self.store, strategy.kind, meta)] if strategy.kind.namespaced else []
        self._preparation.check(strategy, new, claims)
        value = encode(new)
        warnings = tuple(strategy.warnings(new, None))
        if dry_run:
            return Written(value, warnings)
        compares, operations = claims.operations(strategy.allocations(new), frozenset())
        revision = await self._try([Compare(key, 0), *compares, *namespace], [Put(key, value), *operations])
        return None if revision is None else Written(with_resource_version(value, revision), warnings)

    async def update(
        self, kind: Kind, namespace: str, name: str, message: Message, *, dry_run: bool = False
    ) -> Written:
        """Replaces an object, all but its status. A resourceVersion in the message must be the present one."""
        return await self._modify(kind, namespace, name, _replace_by(message), dry_run=dry_run)

    async def update_status(
        self, kind: Kind, namespace: str, name: str, message: Message, *, dry_run: bool = False
    ) -> Written:
        """Replaces an object's status, and its metadata, but nothing else."""
        return await self._modify(kind, namespace, name, _replace_by(message), dry_run=dry_run, status=True)

    async def patch(
        self, kind: Kind, namespace: str, name: str, patch: Patch, *, subresource: str = "", dry_run: bool = False
    ) -> Written:
        """Changes an object as the patch says; tried again when somebody else writes at the same time."""
        if subresource not in ("", "status"):
            raise NotFound(kind, f"{name}/{subresource}")
        warnings: list[str] = []

        def edit(old: Object) -> Object:
            warnings.clear()
            return apply_patch(patch, old, warnings)

        status = subresource == "status"
        written = await self._modify(kind, namespace, name, edit, dry_run=dry_run, status=status)
        return Written(written.object, (*warnings, *written.warnings), written.removed)

    async def delete(
        self, kind: Kind, namespace: str, name: str, options: DeleteOptions, *, dry_run: bool = False
    ) -> Written:
        """Removes an object, or marks it where finalizers or a grace period keep it."""
        strategy = self._strategies[kind.resource]
        while True:
            current = self._current(kind, namespace, name)
            old = decode(kind, current.value)
            check_preconditions(kind, old, current.mod_revision, options)
            strategy.check_delete(old)
            new = copy(old)
            mark_deleted(strategy, new, options, self._clock())
            if dry_run:
                return Written(encode(new), removed=not strategy.lingers(new))
            written = await self._write(strategy, current, new, old)
            if written is not None:
                return written

    async def _modify(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        edit: Callable[[Object], Object],
        *,
        dry_run: bool,
        status: bool = False,
    ) -> Written:
        strategy = self._strategies[kind.resource]
        if status and not strategy.has_status:
            raise NotFound(kind, f"{name}/status")
        while True:
            current = self._current(kind, namespace, name)
            old = decode(kind, current.value)
            shown = copy(old)
            shown.metadata.resourceVersion = str(current.mod_revision)
            new = edit(shown)
            check_identity(kind, namespace, name, new, old)
            if new.metadata.resourceVersion not in ("", shown.metadata.resourceVersion):
                raise Conflict(kind, name)
            if status:
                self._preparation.change_status(strategy, new, old)
            else:
                self._preparation.change(strategy, new, old, Claims(self.store.get, current.key))
            warnings = () if status else tuple(strategy.warnings(new, old))
            if dry_run:
                return Written(with_resource_version(encode(new), current.mod_revision), warnings)
            written = await self._write(strategy, current, new, old)
            if written is not None:
                return Written(written.object, warnings, written.removed)

    async def _write(self, strategy: Strategy, current: KeyValue, new: Object, old: Object) -> Written | None:
        """Replaces `current`, or removes it when nothing keeps it; None when another writer was faster."""
        key, value = current.key, encode(new)
        removed = new.metadata.HasField("deletionTimestamp") and not strategy.lingers(new)
        if value == current.value and not removed:
            return Written(with_resource_version(value, current.mod_revision))
        held = frozenset() if removed else strategy.allocations(new)
        compares, operations = Claims(self.store.get, key).operations(held, strategy.allocations(old))
        if removed:
            operations += [Delete(each) for each in (key, *strategy.dependents(old))]
        else:
            operations.append(Put(key, value))
        revision = await self._try([Compare(key, current.mod_revision), *compares], operations)
        return None if revision is None else Written(with_resource_version(value, revision), removed=removed)

    async def _try(self, compares: list[Compare], operations: list[Operation]) -> int | None:
        """The transaction's revision; None when a condition does not hold any more."""
        try:
            return await self.store.transaction(compares, operations)
        except CompareFailed:
            return None

    def _current(self, kind: Kind, namespace: str, name: str) -> KeyValue:
        current = self.store.get(object_key(kind, namespace, name))
        if current is None:
            raise NotFound(kind, name)
        return current


def _replace_by(message: Message) -> Callable[[Object], Object]:
    return lambda _: copy(message)

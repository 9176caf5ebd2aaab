"""A local copy of objects: read by key, by namespace and by index. No I/O is done here."""

import os
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

from google.protobuf.message import Message

# Environment: where it is set, who changes a shared object is found out. client-go's is KUBE_CACHE_MUTATION_DETECTOR.
MUTATION_DETECTOR = "SVCLAB_CACHE_MUTATION_DETECTOR"

M = TypeVar("M", bound=Message)
Indexer = Callable[[M], Iterable[Hashable]]


class Key(NamedTuple):
    """The name of an object among those of its kind; `namespace` is empty for cluster-scoped kinds."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


def key_of(obj: Any) -> Key:
    """The key of an object."""
    return Key(obj.metadata.namespace, obj.metadata.name)


class Lister(Generic[M]):
    """What an informer has seen. The objects are shared: nobody may change one (copy it with `CopyFrom` first)."""

    def __init__(self, indexers: dict[str, Indexer[M]] | None = None) -> None:
        self._objects: dict[Key, M] = {}
        self._indexers: dict[str, Indexer[M]] = {"namespace": lambda obj: [key_of(obj).namespace]} | (indexers or {})
        self._indexes: dict[str, dict[Hashable, dict[Key, M]]] = {name: {} for name in self._indexers}
        self._seen: dict[Key, bytes] | None = {} if os.environ.get(MUTATION_DETECTOR) else None

    def get(self, namespace: str, name: str) -> M | None:
        return self._objects.get(Key(namespace, name))

    def indexed(self, index: str, value: Hashable) -> list[M]:
        """The objects for which the indexer of that name gave the value."""
        return [*self._indexes[index].get(value, {}).values()]

    def list(self, namespace: str | None = None) -> list[M]:
        """All objects, or those of one namespace."""
        return [*self._objects.values()] if namespace is None else self.indexed("namespace", namespace)

    def keys(self) -> set[Key]:
        return set(self._objects)

    def put(self, obj: M) -> M | None:
        """For the owner of the copy: takes over an object; returns the one that it replaces."""
        key = key_of(obj)
        old = self.remove(key)
        self._objects[key] = obj
        if self._seen is not None:
            self._seen[key] = obj.SerializeToString(deterministic=True)
        for name, indexer in self._indexers.items():
            for value in indexer(obj):
                self._indexes[name].setdefault(value, {})[key] = obj
        return old

    def remove(self, key: Key) -> M | None:
        """For the owner of the copy: drops an object and returns it; None if there is none."""
        old = self._objects.pop(key, None)
        if old is None:
            return None
        self._check_unchanged(key, old)
        for name, indexer in self._indexers.items():
            for value in indexer(old):
                entries = self._indexes[name].get(value, {})
                entries.pop(key, None)
                if not entries:
                    self._indexes[name].pop(value, None)
        return old

    def _check_unchanged(self, key: Key, obj: M) -> None:
        if self._seen is not None:
            seen = self._seen.pop(key)
            assert obj.SerializeToString(deterministic=True) == seen, f"{key} was edited in the cache"

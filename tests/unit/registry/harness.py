"""A registry over the memory engine, and short ways to write to it."""

import json
from collections.abc import Coroutine
from random import Random
from typing import Any, TypeVar

import yaml

from apiserver.registry import ClusterNetwork, Patch, Registry, Written
from apiserver.store import MemoryStore
from protos.api_pb2 import PatchType
from protos.jsonform import from_json
from protos.kinds import SERVICES, Kind
from protos.kubernetes.core_pb2 import Service
from protos.kubernetes.meta_pb2 import DeleteOptions

T = TypeVar("T")

NOW = 1_700_000_000.0


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits, as over the memory engine none does."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError("the coroutine waits")


class Cluster:
    """One registry; times and chance are fixed. Manifests are YAML texts or dicts without apiVersion and kind."""

    def __init__(self, *service_cidrs: str, node_ports: tuple[int, int] = (30000, 32767), seed: int = 1) -> None:
        self.now = NOW
        self.store = MemoryStore()
        network = ClusterNetwork(service_cidrs or ("10.96.0.0/16",), node_ports)
        self.registry = Registry(self.store, network, lambda: self.now, Random(seed))
        run(self.registry.bootstrap())

    def written(
        self, kind: Kind, manifest: str | dict[str, Any], namespace: str = "default", **options: bool
    ) -> Written:
        return run(self.registry.create(kind, namespace, message(kind, manifest), **options))

    def create(self, kind: Kind, manifest: str | dict[str, Any], namespace: str = "default") -> Any:
        return decode(kind, self.written(kind, manifest, namespace))

    def get(self, kind: Kind, name: str, namespace: str = "default") -> Any:
        return kind.message.FromString(self.registry.get(kind, namespace, name))

    def update(self, kind: Kind, value: Any, **options: bool) -> Any:
        meta = value.metadata
        return decode(kind, run(self.registry.update(kind, meta.namespace, meta.name, value, **options)))

    def update_status(self, kind: Kind, value: Any) -> Any:
        meta = value.metadata
        return decode(kind, run(self.registry.update_status(kind, meta.namespace, meta.name, value)))

    def patch(self, kind: Kind, name: str, patch: Any, namespace: str = "default", subresource: str = "") -> Any:
        text = json.dumps(yaml.safe_load(patch) if isinstance(patch, str) else patch).encode()
        sent = Patch(PatchType.STRATEGIC_MERGE, text)
        return decode(kind, run(self.registry.patch(kind, namespace, name, sent, subresource=subresource)))

    def delete(self, kind: Kind, name: str, namespace: str = "default", **options: Any) -> Written:
        return run(self.registry.delete(kind, namespace, name, DeleteOptions(**options)))

    def service(self, spec: str, name: str = "web") -> Service:
        """A new Service with this spec."""
        created: Service = self.create(SERVICES, {"metadata": {"name": name}, "spec": yaml.safe_load(spec)})
        return created

    def replace(self, spec: str, name: str = "web") -> Service:
        """The Service replaced by a manifest with this spec, as `kubectl replace` does."""
        manifest = {"metadata": {"name": name, "namespace": "default"}, "spec": yaml.safe_load(spec)}
        replaced: Service = self.update(SERVICES, message(SERVICES, manifest))
        return replaced

    def allocations(self) -> dict[str, str]:
        """Owners by what is taken: addresses and node ports."""
        return {item.key.rpartition("/")[2]: item.value.decode() for item in self.store.list("/allocations/")}


def message(kind: Kind, manifest: str | dict[str, Any]) -> Any:
    """The object of a manifest, which must not hold unknown fields."""
    value = yaml.safe_load(manifest) if isinstance(manifest, str) else manifest
    warnings: list[str] = []
    found = from_json(kind.message, value, warnings=warnings)
    assert warnings == []
    return found


def decode(kind: Kind, written: Written) -> Any:
    return kind.message.FromString(written.object)

"""SyncClient's methods over objects in memory: what commands are tested against. It refuses what a server refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from protos import api_pb2
from protos.jsonform import from_json, to_object
from protos.kinds import Kind, kind_of
from protos.kubernetes import meta_pb2
from protos.patch import json_merge, json_patch, strategic_merge
from protos.selectors import FieldSelector, LabelSelector
from svclab.client import errors
from svclab.client.objects import Batch, Page, WatchEvent

Key = tuple[str, str, str]


class FakeClient:
    """An API server without defaults and validation.

    `frames` are what the next stream brings: lists of frames, each ended by an exception if one stands there.
    `sent` keeps what streams were opened with. A watch ends as if the user pressed Ctrl-C.
    """

    target = "fake"

    def __init__(self, *objects: Any) -> None:
        self.revision = 0
        self.objects: dict[Key, Any] = {}
        self.history: list[tuple[int, str, Any]] = []
        self.frames: list[list[Any]] = []
        self.sent: list[Any] = []
        for item in objects:
            self.create(item)

    def get(self, kind: Kind, name: str, namespace: str = "") -> Any:
        return _copy(self._stored(kind, name, namespace))

    def list(self, kind: Kind, namespace: str = "", *, label_selector: str = "", field_selector: str = "") -> Page:
        labels, fields = LabelSelector.parse(label_selector), FieldSelector.parse(field_selector)
        found = [
            _copy(item)
            for (resource, place, _), item in sorted(self.objects.items())
            if resource == kind.resource
            and namespace in ("", place)
            and labels.matches(item.metadata.labels)
            and fields.matches(item)
        ]
        return Page(found, str(self.revision))

    def pages(self, kind: Kind, namespace: str = "", *, limit: int = 0, **selection: Any) -> Iterator[Page]:
        yield self.list(kind, namespace, **selection)

    def watch(
        self, kind: Kind, namespace: str = "", *, resource_version: str = "", field_selector: str = "", **_: Any
    ) -> Iterator[Batch]:
        fields = FieldSelector.parse(field_selector)
        for revision, event_type, item in self.history:
            if revision > int(resource_version or 0) and kind_of(item) == kind and fields.matches(item):
                yield [WatchEvent(event_type, _copy(item))]
        raise KeyboardInterrupt

    def create(self, obj: Any, *, dry_run: bool = False) -> Any:
        made, kind = _normal(obj), kind_of(obj)
        if _key(made) in self.objects:
            raise _failure(errors.AlreadyExists, f'{kind.resource} "{made.metadata.name}" already exists')
        made.metadata.uid = made.metadata.uid or f"uid-{len(self.history)}"
        return made if dry_run else self._store("ADDED", made)

    def update(self, obj: Any, *, dry_run: bool = False) -> Any:
        kind, metadata = kind_of(obj), obj.metadata
        stored = self._stored(kind, metadata.name, metadata.namespace)
        if metadata.resourceVersion not in ("", stored.metadata.resourceVersion):
            raise _failure(
                errors.Conflict,
                f'Operation cannot be fulfilled on {kind.resource} "{metadata.name}": the object has been modified; '
                "please apply your changes to the latest version and try again",
            )
        changed = _normal(obj)
        changed.metadata.uid = stored.metadata.uid
        return changed if dry_run else self._store("MODIFIED", changed)

    def patch(
        self,
        kind: Kind,
        name: str,
        namespace: str,
        patch: Any,
        *,
        type: str = "strategic",
        dry_run: bool = False,
        **_: Any,
    ) -> Any:
        stored = self._stored(kind, name, namespace)
        value = to_object(stored)
        if type == "strategic":
            value = strategic_merge(kind.message, value, patch)
        else:
            value = json_merge(value, patch) if type == "merge" else json_patch(value, patch)
        changed = from_json(kind.message, value)
        if dry_run or changed == stored:
            return changed
        return self._store("MODIFIED", changed)

    def delete(self, kind: Kind, name: str, namespace: str = "", *, dry_run: bool = False, **options: Any) -> Any:
        stored = self._stored(kind, name, namespace)
        self.sent.append(options)
        if not dry_run:
            self._store("DELETED", _copy(stored))
            del self.objects[_key(stored)]
        return None

    def version(self) -> Any:
        return api_pb2.VersionResponse(version="0.1.0", clusterName="fake")

    def logs(self, request: Any) -> Iterator[Any]:
        return self._stream(request)

    def exec(self, opening: Any, frames: Any) -> Iterator[Any]:
        return self._stream(opening)

    def _stream(self, opening: Any) -> Iterator[Any]:
        self.sent.append(opening)
        for frame in self.frames.pop(0):
            if isinstance(frame, Exception):
                raise frame
            yield frame

    def _stored(self, kind: Kind, name: str, namespace: str) -> Any:
        found = self.objects.get((kind.resource, namespace, name))
        if found is None:
            raise _failure(errors.NotFound, f'{kind.resource} "{name}" not found')
        return found

    def _store(self, event_type: str, obj: Any) -> Any:
        self.revision += 1
        obj.metadata.resourceVersion = str(self.revision)
        self.objects[_key(obj)] = obj
        self.history.append((self.revision, event_type, _copy(obj)))
        return _copy(obj)


def _key(obj: Any) -> Key:
    return kind_of(obj).resource, obj.metadata.namespace, obj.metadata.name


def _normal(obj: Any) -> Any:
    """As it is after a way through JSON, so that objects can be compared."""
    return from_json(type(obj), to_object(obj))


def _copy(obj: Any) -> Any:
    copied = type(obj)()
    copied.CopyFrom(obj)
    return copied


def _failure(leaf: type[errors.ApiError], message: str) -> errors.ApiError:
    return leaf(meta_pb2.Status(status="Failure", reason=leaf.reason, code=leaf.code, message=message))

"""ObjectMeta: what the server fills in on create and update, and the rules that hold for every kind."""

import re
from collections.abc import Callable, Iterable, Mapping
from random import Random
from uuid import UUID

from apiserver.registry.errors import BadRequest
from apiserver.registry.field_errors import FieldError, forbidden, invalid, required, too_long
from protos import timestamps
from protos.kinds import Kind
from protos.kubernetes.meta_pb2 import ObjectMeta
from protos.labels import dns1123_label_faults, label_value_faults, qualified_name_faults

NameFaults = Callable[[str], list[str]]

ANNOTATIONS_LIMIT = 256 * 1024  # bytes, keys and values together
_STANDARD_FINALIZERS = frozenset({"kubernetes", "orphan", "foregroundDeletion"})
_SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_GENERATED_BASE = 58  # 63 less the suffix's five
_IMMUTABLE = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")


def prepare_create(meta: ObjectMeta, kind: Kind, namespace: str, now: float, random: Random) -> None:
    """Fills what the server alone writes. Raises BadRequest for a request that contradicts itself."""
    if meta.resourceVersion:
        raise BadRequest("resourceVersion should not be set on objects to be created")
    if kind.namespaced:
        check_namespace(meta, namespace)
        meta.namespace = namespace
    for name in ("selfLink", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"):
        meta.ClearField(name)
    meta.uid = str(UUID(int=random.getrandbits(128), version=4))
    meta.creationTimestamp.CopyFrom(timestamps.time(now))


def check_namespace(meta: ObjectMeta, namespace: str) -> None:
    """Raises BadRequest unless the body's namespace is the request's."""
    if meta.namespace and meta.namespace != namespace:
        raise BadRequest(
            f"the namespace of the provided object does not match the namespace sent on the request: "
            f'the object says "{meta.namespace}", the request "{namespace}"'
        )


def generate_name(base: str, random: Random) -> str:
    """`generateName` and five random characters."""
    return base[:_GENERATED_BASE] + "".join(random.choice(_SUFFIX_ALPHABET) for _ in range(5))


def prepare_update(meta: ObjectMeta, old: ObjectMeta) -> None:
    """Carries over what a client may leave out and what no client writes."""
    if not meta.uid:
        meta.uid = old.uid
    if not meta.namespace:
        meta.namespace = old.namespace
    for name in ("creationTimestamp", "deletionTimestamp"):
        if old.HasField(name) and not meta.HasField(name):
            getattr(meta, name).CopyFrom(getattr(old, name))
    if old.HasField("deletionGracePeriodSeconds") and not meta.HasField("deletionGracePeriodSeconds"):
        meta.deletionGracePeriodSeconds = old.deletionGracePeriodSeconds
    meta.generation = old.generation
    meta.ClearField("selfLink")
    meta.ClearField("resourceVersion")


def validate(meta: ObjectMeta, kind: Kind, name_faults: NameFaults) -> list[FieldError]:
    """The rules of an object's metadata by itself."""
    errors: list[FieldError] = []
    if meta.generateName:
        masked = meta.generateName[:-1] + "a" if meta.generateName.endswith("-") else meta.generateName
        errors += [invalid("metadata.generateName", meta.generateName, fault) for fault in name_faults(masked)]
    if not meta.name:
        errors.append(required("metadata.name", "name or generateName is required"))
    else:
        errors += [invalid("metadata.name", meta.name, fault) for fault in name_faults(meta.name)]
    errors += _validate_namespace(meta, kind)
    errors += validate_labels(meta.labels, "metadata.labels")
    errors += validate_annotations(meta.annotations, "metadata.annotations")
    errors += _validate_owners(meta)
    errors += _validate_finalizers(meta.finalizers)
    return errors


def _validate_namespace(meta: ObjectMeta, kind: Kind) -> list[FieldError]:
    if not kind.namespaced:
        return [forbidden("metadata.namespace", "not allowed on this type")] if meta.namespace else []
    if not meta.namespace:
        return [required("metadata.namespace")]
    return [invalid("metadata.namespace", meta.namespace, fault) for fault in dns1123_label_faults(meta.namespace)]


def validate_labels(labels: Mapping[str, str], path: str) -> list[FieldError]:
    """Rules of a map of labels: qualified keys, short values."""
    errors: list[FieldError] = []
    for key, value in sorted(labels.items()):
        errors += [invalid(path, key, fault) for fault in qualified_name_faults(key)]
        errors += [invalid(path, value, fault) for fault in label_value_faults(value)]
    return errors


def validate_annotations(annotations: Mapping[str, str], path: str) -> list[FieldError]:
    """Rules of a map of annotations: qualified keys in any case, 256 KiB together."""
    errors: list[FieldError] = []
    size = 0
    for key, value in sorted(annotations.items()):
        errors += [invalid(path, key, fault) for fault in qualified_name_faults(key.lower())]
        size += len(key.encode()) + len(value.encode())
    if size > ANNOTATIONS_LIMIT:
        errors.append(too_long(path, ANNOTATIONS_LIMIT))
    return errors


def _validate_owners(meta: ObjectMeta) -> list[FieldError]:
    path = "metadata.ownerReferences"
    errors: list[FieldError] = []
    for owner in meta.ownerReferences:
        if not owner.apiVersion:
            errors.append(invalid(f"{path}.apiVersion", "", "version must not be empty"))
        errors += [
            invalid(f"{path}.{name}", "", "must not be empty")
            for name, value in (("kind", owner.kind), ("name", owner.name), ("uid", owner.uid))
            if not value
        ]
    controllers = [f"{owner.kind}/{owner.name}" for owner in meta.ownerReferences if owner.controller]
    if len(controllers) > 1:
        found = f'Found "true" in references for {controllers[0]} and {controllers[1]}'
        text = f"Only one reference can have Controller set to true. {found}"
        errors.append(invalid(path, meta.ownerReferences, text))
    return errors


def _validate_finalizers(finalizers: Iterable[str]) -> list[FieldError]:
    path = "metadata.finalizers"
    errors: list[FieldError] = []
    found = set(finalizers)
    for name in sorted(found):
        faults = qualified_name_faults(name)
        if not faults and "/" not in name and name not in _STANDARD_FINALIZERS:
            faults = ["name is neither a standard finalizer name nor is it fully qualified"]
        errors += [invalid(path, name, fault) for fault in faults]
    if {"orphan", "foregroundDeletion"} <= found:
        text = "finalizer orphan and foregroundDeletion cannot be both set"
        errors.append(invalid(path, sorted(found), text))
    return errors


def validate_update(meta: ObjectMeta, old: ObjectMeta) -> list[FieldError]:
    """The rules of a change of metadata."""
    errors: list[FieldError] = []
    if old.HasField("deletionTimestamp"):
        added = [name for name in meta.finalizers if name not in old.finalizers]
        if added:
            listed = ", ".join(f'"{name}"' for name in added)
            text = "no new finalizers can be added if the object is being deleted, found new finalizers"
            errors.append(forbidden("metadata.finalizers", f"{text} []string{{{listed}}}"))
    for name in _IMMUTABLE:
        if getattr(meta, name) != getattr(old, name):
            errors.append(invalid(f"metadata.{name}", _value(meta, name), "field is immutable"))
    return errors


def _value(meta: ObjectMeta, name: str) -> object:
    is_set = name in ("name", "namespace", "uid") or meta.HasField(name)  # type: ignore[arg-type]
    return getattr(meta, name) if is_set else None


def check_resource_version(meta: ObjectMeta) -> list[FieldError]:
    """A resourceVersion that a client sends is one that it got: a decimal."""
    if meta.resourceVersion and not re.fullmatch(r"\d+", meta.resourceVersion):
        return [invalid("metadata.resourceVersion", meta.resourceVersion, "must be an unsigned integer")]
    return []

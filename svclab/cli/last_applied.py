"""The annotation in which `apply` keeps what it last applied."""

import copy
import json
from typing import Any

from svclab.cli.manifests import Manifest

ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"


def modified_value(manifest: Manifest) -> dict[str, Any]:
    """The manifest's value with its namespace and, in the annotation, the value itself."""
    value = _with_namespace(manifest)
    metadata = value["metadata"]
    annotations = dict(metadata.get("annotations") or {})
    annotations.pop(ANNOTATION, None)
    metadata["annotations"] = annotations
    text = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False) + "\n"
    metadata["annotations"] = {**annotations, ANNOTATION: text}
    return value


def last_applied_value(obj: Any) -> dict[str, Any] | None:
    """What was applied last to a live object; None if it was never applied, or the annotation is no JSON object."""
    text = obj.metadata.annotations.get(ANNOTATION)
    if not text:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def annotate(obj: Any, value: dict[str, Any]) -> Any:
    """A copy of an object that carries the annotation of `value`, a result of modified_value."""
    copied = type(obj)()
    copied.CopyFrom(obj)
    copied.metadata.annotations[ANNOTATION] = value["metadata"]["annotations"][ANNOTATION]
    return copied


def _with_namespace(manifest: Manifest) -> dict[str, Any]:
    value: dict[str, Any] = copy.deepcopy(manifest.value)
    metadata = value["metadata"] = dict(value.get("metadata") or {})
    metadata.pop("namespace", None)
    if manifest.namespace:
        metadata["namespace"] = manifest.namespace
    return value

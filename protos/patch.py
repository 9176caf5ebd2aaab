"""Patches of objects in JSON form: merge (RFC 7386), strategic merge, JSON patch (RFC 6902), and `kubectl apply`'s."""

from copy import deepcopy
from typing import Any

from google.protobuf.message import Message

from protos.fields import descriptor_of
from protos.strategic import PatchError, merge_map
from protos.threeway import three_way

__all__ = ["PatchError", "json_merge", "json_patch", "strategic_merge", "three_way_strategic"]


def json_merge(original: Any, patch: Any) -> Any:
    """RFC 7386: null removes, objects merge, all else is replaced. Neither argument is changed."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(original) if isinstance(original, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = json_merge(merged.get(name), value)
    return merged


def strategic_merge(message_class: type[Message], original: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Lists are merged by key where the API says so; directives are obeyed. Raises PatchError."""
    if not isinstance(patch, dict):
        raise PatchError("a strategic merge patch must be an object")
    return merge_map(original, patch, descriptor_of(message_class))


def json_patch(original: dict[str, Any], operations: list[dict[str, Any]]) -> dict[str, Any]:
    """RFC 6902: add, remove, replace, move, copy, test. Raises PatchError, also for a test that does not hold."""
    # Imported here: few programs ever need it, and the CLI's start is short.
    import jsonpatch

    if not isinstance(operations, list):
        raise PatchError("a JSON patch must be a list of operations")
    patched = deepcopy(original)
    for operation in operations:
        try:
            patched = jsonpatch.JsonPatch([operation]).apply(patched, in_place=True)
        except jsonpatch.JsonPatchTestFailed:
            raise PatchError(f"testing value {operation['path']} failed: test failed") from None
        except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError, KeyError) as error:
            raise PatchError(f"the JSON patch cannot be applied: {error}") from None
    if not isinstance(patched, dict):
        raise PatchError("the JSON patch does not leave an object")
    return patched


def three_way_strategic(
    message_class: type[Message], last_applied: dict[str, Any], modified: dict[str, Any], current: dict[str, Any]
) -> dict[str, Any]:
    """The strategic patch that brings `current` to what the manifest `modified` says, as `kubectl apply` computes it.

    Fields that `last_applied` set and `modified` does not are removed; fields that neither names stay as they are.
    An empty patch: nothing to do.
    """
    return three_way(descriptor_of(message_class), last_applied, modified, current)

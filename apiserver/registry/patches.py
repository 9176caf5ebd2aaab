"""Patches of stored objects: the patch's text, the object's JSON form, and back to a message."""

import json
from dataclasses import dataclass
from typing import Any

from apiserver.registry.errors import BadRequest, Invalid
from apiserver.registry.field_errors import invalid
from apiserver.registry.strategy import Object
from protos import patch as patches
from protos.api_pb2 import PatchType
from protos.jsonform import FormError, from_json, to_object
from protos.kinds import kind_of
from protos.unknownfields import carry_unknown_fields


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch as it is sent: `text` is JSON; `strict` makes an unknown field an error."""

    type: "PatchType.ValueType"
    text: bytes
    strict: bool = False


def apply_patch(patch: Patch, old: Object, warnings: list[str]) -> Object:
    """The patched object; unknown fields are named in `warnings`. Raises BadRequest, Invalid."""
    value = _patched(patch, old)
    kind = kind_of(old)
    for name, expected in (("apiVersion", kind.api_version), ("kind", kind.kind)):
        if value.get(name) != expected:
            raise BadRequest(f"a patch cannot change {name} from {expected} to {value.get(name)}")
    unknown: list[str] = []
    try:
        new = from_json(type(old), value, warnings=unknown)
    except FormError as error:
        raise BadRequest(f"error decoding patch: {error}") from None
    if unknown and patch.strict:
        raise BadRequest(f"strict decoding error: {', '.join(unknown)}")
    warnings.extend(unknown)
    carry_unknown_fields(old, new)
    return new


def _patched(patch: Patch, old: Object) -> dict[str, Any]:
    content = _parse(patch.text)
    original = to_object(old)
    try:
        if patch.type == PatchType.JSON:
            return patches.json_patch(original, content)
        if not isinstance(content, dict):
            raise BadRequest("error decoding patch: expected a JSON object")
        if patch.type == PatchType.MERGE:
            merged: dict[str, Any] = patches.json_merge(original, content)
            return merged
        return patches.strategic_merge(type(old), original, content)
    except patches.PatchError as error:
        kind, name = kind_of(old), old.metadata.name
        raise Invalid(kind, name, [invalid("patch", content, str(error))]) from None


def _parse(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadRequest(f"error decoding patch: {error}") from None

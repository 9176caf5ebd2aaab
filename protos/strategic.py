"""Strategic merge: a merge patch that knows which lists are merged by key, and directives ($patch, $retainKeys ...)."""

from collections.abc import Sequence
from typing import Any

from google.protobuf.descriptor import Descriptor

from protos.fields import Field, fields_of
from protos.mergelists import Item, ListKeys, ordered

DIRECTIVE = "$patch"
RETAIN_KEYS = "$retainKeys"
ORDER = "$setElementOrder/"
DELETE_FROM = "$deleteFromPrimitiveList/"


class PatchError(ValueError):
    """The patch does not fit the object, or contradicts itself."""


def merge_map(original: Item, patch: Item, message: Descriptor | None) -> Item:
    """The object that the patch makes of `original`; neither is changed. Raises PatchError.

    `message`: what types the fields; None inside maps and free-form values, where everything is merged.
    """
    directive = patch.get(DIRECTIVE)
    if directive == "delete":
        return {}
    if directive == "replace":
        return {name: value for name, value in patch.items() if name != DIRECTIVE}
    if directive not in (None, "merge"):
        raise PatchError(f"unknown patch directive {directive!r}: use delete, replace or merge")
    fields = fields_of(message) if message is not None else {}
    merged = _retained(original, patch)
    for name, value in patch.items():
        if name.startswith("$") and (message is not None or name == DIRECTIVE):
            _check_directive(name)
        elif value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merge_value(name, merged.get(name), value, fields.get(name), patch)
    for name in patch:
        if name.startswith((ORDER, DELETE_FROM)):
            _apply_to_list(name, merged, original, patch, fields)
    return merged


def _check_directive(name: str) -> None:
    if name not in (DIRECTIVE, RETAIN_KEYS) and not name.startswith((ORDER, DELETE_FROM)):
        raise PatchError(f"unknown patch directive {name}")


def _retained(original: Item, patch: Item) -> Item:
    kept = patch.get(RETAIN_KEYS)
    if kept is None:
        return dict(original)
    if not isinstance(kept, list):
        raise PatchError(f"{RETAIN_KEYS} must be a list of field names")
    missing = [
        name for name, value in patch.items() if not name.startswith("$") and value is not None and name not in kept
    ]
    if missing:
        raise PatchError(f"{RETAIN_KEYS} must hold every field of the patch; it lacks {', '.join(missing)}")
    return {name: value for name, value in original.items() if name in kept}


def _merge_value(name: str, old: Any, value: Any, field: Field | None, patch: Item) -> Any:
    strategy = tuple(field.rules.patch_strategy) if field else ()
    if isinstance(value, dict):
        inner = field.message if field else None
        base = old if isinstance(old, dict) and "replace" not in strategy else {}
        return merge_map(base, value, inner if field is None or not field.is_map else None)
    if isinstance(value, list) and "merge" in strategy and field is not None:
        base_list = old if isinstance(old, list) else []
        if field.rules.merge_key:
            return _merge_items(base_list, value, field, patch.get(ORDER + name) or ())
        return base_list + [item for item in dict.fromkeys(value) if item not in base_list]
    return value


def _merge_items(old: Sequence[Item], patch: Sequence[Any], field: Field, order: Sequence[Item]) -> list[Item]:
    keys = ListKeys.of(field)
    if any(isinstance(item, dict) and item.get(DIRECTIVE) == "replace" for item in patch):
        return [item for item in patch if DIRECTIVE not in item]
    merged = list(old)
    for item in patch:
        if not isinstance(item, dict) or keys.merge_key not in item:
            raise PatchError(f"each item of {field.name} in the patch needs its merge key {keys.merge_key}")
        value = item[keys.merge_key]
        rivals = sum(1 for each in order or patch if each.get(keys.merge_key) == value)
        index = keys.find(merged, item, alone=rivals <= 1)
        if item.get(DIRECTIVE) == "delete":
            if index is not None:
                del merged[index]
        elif index is None:
            merged.append(merge_map({}, item, field.message))
        else:
            merged[index] = merge_map(merged[index], item, field.message)
    return merged


def _apply_to_list(name: str, merged: Item, original: Item, patch: Item, fields: dict[str, Field]) -> None:
    """Applies a $deleteFromPrimitiveList or $setElementOrder, which stand beside the list that they name."""
    target = name.partition("/")[2]
    values = merged.get(target)
    listed = patch[name]
    if not isinstance(listed, list):
        raise PatchError(f"{name} must be a list")
    if not isinstance(values, list):
        return
    if name.startswith(DELETE_FROM):
        merged[target] = [value for value in values if value not in listed]
        return
    field, before = fields.get(target), original.get(target) or []
    if field is not None and field.rules.merge_key:
        identify = ListKeys.of(field).identity
        identities = [identify(item) for item in values]
        wanted, standing = [identify(item) for item in listed], [identify(item) for item in before]
    else:
        identities, wanted, standing = values, listed, before
    merged[target] = [values[index] for index in ordered(identities, wanted, standing)]

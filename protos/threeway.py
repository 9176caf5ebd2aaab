"""The patch that `kubectl apply` sends: what the manifest changes, and what it no longer says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor

from protos.fields import Field, fields_of
from protos.mergelists import Item, ListKeys
from protos.strategic import DELETE_FROM, DIRECTIVE, ORDER, RETAIN_KEYS


@dataclass(frozen=True, slots=True)
class Scope:
    """Which differences a patch holds."""

    deletions: bool
    changes: bool


def three_way(message: Descriptor, last_applied: Item, modified: Item, current: Item) -> Item:
    """A strategic patch of `current`: fields that `modified` sets, less fields that only `last_applied` had."""
    changes = diff_map(current, modified, message, Scope(deletions=False, changes=True))
    deletions = diff_map(last_applied, modified, message, Scope(deletions=True, changes=False))
    return _united(deletions, changes)


def diff_map(old: Item, new: Item, message: Descriptor | None, scope: Scope) -> Item:
    """The strategic patch from `old` to `new`, or the part of it in scope."""
    fields = fields_of(message) if message is not None else {}
    patch: Item = {}
    for name, value in old.items():
        if name not in new:
            if scope.deletions:
                patch[name] = None
        elif value != new[name]:
            _diff_value(patch, name, value, new[name], fields.get(name), scope)
    if scope.changes:
        patch.update({name: value for name, value in new.items() if name not in old})
    return patch


def _diff_value(patch: Item, name: str, old: Any, new: Any, field: Field | None, scope: Scope) -> None:
    strategy = tuple(field.rules.patch_strategy) if field else ()
    if isinstance(old, dict) and isinstance(new, dict) and "replace" not in strategy:
        inner = diff_map(old, new, field.message if field and not field.is_map else None, scope)
        if inner and "retainKeys" in strategy:
            inner[RETAIN_KEYS] = sorted(new)
        if inner:
            patch[name] = inner
    elif isinstance(old, list) and isinstance(new, list) and "merge" in strategy and field is not None:
        if field.rules.merge_key:
            _diff_items(patch, name, old, new, field, scope)
        else:
            _diff_primitives(patch, name, old, new, scope)
    elif scope.changes:
        patch[name] = new


def _diff_items(patch: Item, name: str, old: Sequence[Item], new: Sequence[Item], field: Field, scope: Scope) -> None:
    keys = ListKeys.of(field)
    before = {keys.identity(item): item for item in old}
    after = {keys.identity(item): item for item in new}
    items: list[Item] = []
    for identity, item in after.items():
        if identity not in before:
            if scope.changes:
                items.append(item)
            continue
        inner = diff_map(before[identity], item, field.message, scope)
        if inner and "retainKeys" in field.rules.patch_strategy:
            inner[RETAIN_KEYS] = sorted(item)
        if inner:
            items.append({**inner, **keys.key(item)})
    if scope.deletions:
        items += [{DIRECTIVE: "delete", **keys.key(item)} for identity, item in before.items() if identity not in after]
    moved = scope.changes and [i for i in before if i in after] != [i for i in after if i in before]
    if items:
        patch[name] = items
    if items or moved:
        patch[ORDER + name] = [keys.key(item) for item in new]


def _diff_primitives(patch: Item, name: str, old: Sequence[Any], new: Sequence[Any], scope: Scope) -> None:
    added = [value for value in new if value not in old] if scope.changes else []
    removed = [value for value in old if value not in new] if scope.deletions else []
    if removed:
        patch[DELETE_FROM + name] = removed
    if added:
        patch[name] = added
    if added or removed:
        patch[ORDER + name] = list(new)


def _united(first: Item, second: Item) -> Item:
    """Both patches in one: they never say different things of one value."""
    united = dict(first)
    for name, value in second.items():
        mine = united.get(name)
        if isinstance(mine, dict) and isinstance(value, dict):
            united[name] = _united(mine, value)
        elif isinstance(mine, list) and isinstance(value, list) and not name.startswith("$"):
            united[name] = _united_lists(mine, value)
        else:
            united[name] = value
    return united


def _united_lists(first: Sequence[Any], second: Sequence[Any]) -> list[Any]:
    """Items that both lists patch share their keys; a strategic patch may name an item twice."""
    return [*first, *(item for item in second if item not in first)]

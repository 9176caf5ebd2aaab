"""Lists that a strategic patch merges: which items are the same one, and the order that the result has."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from protos.fields import Field, fields_of

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ListKeys:
    """How items of a list are told apart: its merge key and its further keys (a Service's ports: port, protocol)."""

    merge_key: str
    others: tuple[tuple[str, str], ...]  # name and default

    @classmethod
    def of(cls, field: Field) -> "ListKeys":
        message = field.message
        assert message is not None
        others = [name for name in field.rules.list_map_key if name != field.rules.merge_key]
        defaults = {name: field.rules.default for name, field in fields_of(message).items()}
        return cls(field.rules.merge_key, tuple((name, defaults[name]) for name in others))

    def identity(self, item: Item) -> tuple[Any, ...]:
        """What the item is told apart by."""
        return (item.get(self.merge_key), *(item.get(name, default) for name, default in self.others))

    def key(self, item: Item) -> Item:
        """The item's keys alone."""
        names = (self.merge_key, *(name for name, _ in self.others))
        return {name: item[name] for name in names if name in item}

    def find(self, items: Sequence[Item], wanted: Item, *, alone: bool) -> int | None:
        """The index of the item that `wanted` means.

        Kubernetes knows the merge key alone, so that 53/TCP and 53/UDP are one port to it. Here they are two, but an
        item that is the only one with its merge key on either side (`alone`) is still found by it.
        """
        same = [index for index, item in enumerate(items) if item.get(self.merge_key) == wanted.get(self.merge_key)]
        exact = [index for index in same if all(self._agree(items[index], wanted, *other) for other in self.others)]
        if exact:  # a key that is not said means its default, where that makes a difference
            meant = self.identity(wanted)
            return next((index for index in exact if self.identity(items[index]) == meant), exact[0])
        return same[0] if len(same) == 1 and alone else None

    def _agree(self, item: Item, wanted: Item, name: str, default: str) -> bool:
        return name not in wanted or item.get(name, default) == wanted[name]


def ordered(merged: list[Any], wanted: Sequence[Any], before: Sequence[Any]) -> Iterator[int]:
    """Indexes of `merged` (identities) in the order of `wanted`; the server's own items keep their places."""
    rank = {identity: index for index, identity in reversed(list(enumerate(wanted)))}
    place = {identity: index for index, identity in reversed(list(enumerate(before)))}
    named = sorted((i for i, identity in enumerate(merged) if identity in rank), key=lambda i: rank[merged[i]])
    own = [i for i, identity in enumerate(merged) if identity not in rank]
    while named and own:
        left, right = place.get(merged[named[0]]), place.get(merged[own[0]])
        yield (named if left is None or right is None or left < right else own).pop(0)
    yield from named or own

"""KEY=VALUE and KEY- on the labels or the annotations of objects."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from svclab.cli.errors import BadUsage, CliError


class Wording(NamedTuple):
    """The words of `label` or of `annotate`, and its rule for keys and values: `check` gives faults."""

    noun: str
    field: str  # of ObjectMeta
    changed: str
    removed: str
    unchanged: str
    check: Callable[[str, str], list[str]]


class MetadataChange(NamedTuple):
    """What to set, and the keys to remove."""

    wording: Wording
    sets: dict[str, str]
    removals: list[str]

    @classmethod
    def parse(cls, words: Sequence[str], wording: Wording) -> "tuple[list[str], MetadataChange]":
        """The words that name resources, and the change that the others describe. Raises BadUsage."""
        resources: list[str] = []
        change = cls(wording, {}, [])
        for word in words:
            key, equals, value = word.partition("=")
            if equals:
                if faults := wording.check(key, value):
                    raise BadUsage(faults[0])
                change.sets[key] = value
            elif word.endswith("-"):
                change.removals.append(word[:-1])
            elif change:
                raise BadUsage(f"all resources must be specified before {wording.noun} changes: {word}")
            else:
                resources.append(word)
        if set(change.sets) & set(change.removals):
            article = "an" if wording.noun == "annotation" else "a"
            raise BadUsage(f"can not both modify and remove {article} {wording.noun} in the same command")
        return resources, change

    def __bool__(self) -> bool:
        return bool(self.sets or self.removals)

    def refuse_overwriting(self, obj: Any) -> None:
        """Raises CliError if the object has another value already."""
        present = self.entries(obj)
        for key, value in self.sets.items():
            if key in present and present[key] != value:
                raise CliError(f"'{key}' already has a value ({present[key]}), and --overwrite is false")

    def difference(self, obj: Any) -> dict[str, str | None]:
        """What the change makes of this object's entries: the values that differ, None for those that go."""
        present = self.entries(obj)
        values: dict[str, str | None] = {key: value for key, value in self.sets.items() if present.get(key) != value}
        return values | {key: None for key in self.removals if key in present}

    def outcome(self, difference: dict[str, str | None]) -> str:
        """The verb's word for what became of an object."""
        if any(value is not None for value in difference.values()):
            return self.wording.changed
        return self.wording.removed if difference else self.wording.unchanged

    def applied(self, obj: Any, difference: dict[str, str | None]) -> Any:
        """A copy of the object with its difference."""
        changed = type(obj)()
        changed.CopyFrom(obj)
        entries = self.entries(changed)
        for key, value in difference.items():
            if value is None:
                del entries[key]
            else:
                entries[key] = value
        return changed

    def entries(self, obj: Any) -> Any:
        """The object's labels or annotations."""
        return getattr(obj.metadata, self.wording.field)

"""What happens to an object between request and transaction: it is filled in, allocated for, and validated."""

from collections.abc import Callable
from random import Random

from apiserver.allocation.claims import Claims
from apiserver.registry import metadata
from apiserver.registry.errors import Invalid
from apiserver.registry.field_errors import FieldError
from apiserver.registry.strategy import Object, Strategy
from protos.presence import drop_empty_values


class Preparation:
    """Pure but for clock (seconds since 1970) and chance."""

    def __init__(self, clock: Callable[[], float], random: Random) -> None:
        self._clock = clock
        self._random = random

    def fill(self, strategy: Strategy, new: Object, namespace: str) -> None:
        """Gives a new object its metadata, a name among it, and its defaults. Raises BadRequest."""
        meta = new.metadata
        metadata.prepare_create(meta, strategy.kind, namespace, self._clock(), self._random)
        if meta.generateName and not meta.name:
            meta.name = metadata.generate_name(meta.generateName, self._random)
        strategy.default(new)
        drop_empty_values(new)
        strategy.prepare_create(new)

    def check(self, strategy: Strategy, new: Object, claims: Claims) -> None:
        """Allocates for a new object and validates it. Raises Invalid with all that is wrong."""
        errors = strategy.allocate(new, None, claims)
        errors = [*metadata.validate(new.metadata, strategy.kind, strategy.name_faults), *errors]
        if errors := [*errors, *strategy.validate(new)]:
            raise Invalid(strategy.kind, new.metadata.name or new.metadata.generateName, errors)

    def change(self, strategy: Strategy, new: Object, old: Object, claims: Claims) -> None:
        """Defaults, restores, allocates for and validates an object that replaces `old`. Raises Invalid."""
        self._refill(strategy, new, old)
        strategy.prepare_update(new, old)
        errors = strategy.allocate(new, old, claims)
        self._judge(strategy, new, old, [*errors, *strategy.validate_update(new, old), *strategy.validate(new)])

    def change_status(self, strategy: Strategy, new: Object, old: Object) -> None:
        """The same for an object of which the status alone is meant. Raises Invalid."""
        self._refill(strategy, new, old)
        strategy.prepare_status_update(new, old)
        self._judge(strategy, new, old, strategy.validate_status(new, old))

    def _refill(self, strategy: Strategy, new: Object, old: Object) -> None:
        metadata.prepare_update(new.metadata, old.metadata)
        strategy.default(new)
        drop_empty_values(new)

    def _judge(self, strategy: Strategy, new: Object, old: Object, errors: list[FieldError]) -> None:
        meta = [
            *metadata.validate(new.metadata, strategy.kind, strategy.name_faults),
            *metadata.validate_update(new.metadata, old.metadata),
        ]
        if meta or errors:
            raise Invalid(strategy.kind, old.metadata.name, [*meta, *errors])

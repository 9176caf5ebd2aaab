"""The allocation keys of one write: what is free, and the operations that take and give back."""

from collections.abc import Callable, Set

from apiserver.store import Compare, Delete, KeyValue, Operation, Put


class Claims:
    """What one object may take. Nothing is written here: a claim becomes real with the transaction."""

    def __init__(self, get: Callable[[str], KeyValue | None], owner: str) -> None:
        self._get = get
        self._owner = owner.encode()

    def is_free(self, key: str) -> bool:
        """Whether the object can have the key, or has it."""
        held = self._get(key)
        return held is None or held.value == self._owner

    def operations(self, new: Set[str], old: Set[str]) -> tuple[list[Compare], list[Operation]]:
        """What turns the object's keys from `old` to `new`, all or nothing."""
        taken = sorted(new - old)
        compares = [Compare(key, 0) for key in taken]
        operations: list[Operation] = [Put(key, self._owner) for key in taken]
        for key in sorted(old - new):
            held = self._get(key)
            if held is not None and held.value == self._owner:
                operations.append(Delete(key))
        return compares, operations

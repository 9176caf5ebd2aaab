"""What differs between kinds: each step of a write that a kind may do in its own way."""

from collections.abc import Set
from typing import Any, ClassVar

from apiserver.allocation.claims import Claims
from apiserver.registry.field_errors import FieldError
from apiserver.registry.metadata import NameFaults
from protos.kinds import Kind
from protos.kubernetes.meta_pb2 import DeleteOptions
from protos.labels import dns1123_subdomain_faults

# An object of the API: a generated message that has metadata.
Object = Any

_NOTHING: frozenset[str] = frozenset()


def restore(new: Object, old: Object, name: str) -> None:
    """Puts a field back to what it was, set or not."""
    if old.HasField(name):
        getattr(new, name).CopyFrom(getattr(old, name))
    else:
        new.ClearField(name)


class Strategy:
    """The ordinary kind; others override. Steps change `new` alone; `old` is never changed."""

    has_status: ClassVar[bool] = False

    def __init__(self, kind: Kind, name_faults: NameFaults = dns1123_subdomain_faults) -> None:
        self.kind = kind
        self.name_faults = name_faults

    def default(self, new: Object) -> None:
        """Fills in unset fields, as for every decoded object."""

    def prepare_create(self, new: Object) -> None:
        """Sets what the server alone writes in a new object."""

    def prepare_update(self, new: Object, old: Object) -> None:
        """Restores what an ordinary update may not write."""
        if self.has_status:
            restore(new, old, "status")

    def prepare_status_update(self, new: Object, old: Object) -> None:
        """Restores what an update of the status may not write."""
        restore(new, old, "spec")

    def allocate(self, new: Object, old: Object | None, claims: Claims) -> list[FieldError]:
        """Chooses numbers that the cluster hands out; says which of those asked for cannot be had.

        Raises InternalError when a range is full, Invalid when the object is too broken to choose for.
        """
        return []

    def allocations(self, value: Object) -> Set[str]:
        """The allocation keys that belong to the object."""
        return _NOTHING

    def validate(self, new: Object) -> list[FieldError]:
        """Rules of an object by itself, beyond its metadata."""
        return []

    def validate_update(self, new: Object, old: Object) -> list[FieldError]:
        """Rules of a change, beyond those of `validate` and of metadata."""
        return []

    def validate_status(self, new: Object, old: Object) -> list[FieldError]:
        """Rules of a status."""
        return []

    def warnings(self, new: Object, old: Object | None) -> list[str]:
        """What a user should know though the write succeeds."""
        return []

    def check_delete(self, old: Object) -> None:
        """Raises Forbidden for an object that may not be deleted."""

    def grace_period(self, old: Object, options: DeleteOptions) -> int:
        """Seconds between the request to delete and the end; 0: at once."""
        return 0

    def begin_deletion(self, new: Object) -> None:
        """Marks an object that has just got its deletionTimestamp."""

    def lingers(self, value: Object) -> bool:
        """Whether an object with a deletionTimestamp stays for something yet to be done."""
        return bool(value.metadata.finalizers or value.metadata.deletionGracePeriodSeconds)

    def dependents(self, old: Object) -> list[str]:
        """Keys of objects that are removed together with this one."""
        return []

"""What becomes of an object, by its owners. Pure."""

from collections.abc import Collection
from enum import Enum
from typing import Any

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"


class Verdict(Enum):
    """What to do with an object."""

    KEEP = "keep"
    DELETE = "delete"  # all its owners are gone
    DROP_REFERENCES = "drop references"  # some are
    DELETE_WITH_OWNER = "delete with owner"  # an owner waits, in foreground deletion, until it is gone


def judge(obj: Any, absent: Collection[str], waiting: Collection[str]) -> Verdict:
    """`absent` and `waiting` are uids of owners: those that are gone, and those in foreground deletion."""
    owners = [owner.uid for owner in obj.metadata.ownerReferences]
    if not owners or obj.metadata.HasField("deletionTimestamp"):
        return Verdict.KEEP
    if all(uid in absent for uid in owners):
        return Verdict.DELETE
    if all(uid in absent or uid in waiting for uid in owners):
        return Verdict.DELETE_WITH_OWNER
    return Verdict.DROP_REFERENCES if any(uid in absent for uid in owners) else Verdict.KEEP


def is_waiting(owner: Any) -> bool:
    """The owner is being deleted in the foreground."""
    return owner.metadata.HasField("deletionTimestamp") and FOREGROUND in owner.metadata.finalizers


def blocks(dependent: Any, owner_uid: str) -> bool:
    """An owner in foreground deletion must wait for this dependent."""
    return any(owner.uid == owner_uid and owner.blockOwnerDeletion for owner in dependent.metadata.ownerReferences)

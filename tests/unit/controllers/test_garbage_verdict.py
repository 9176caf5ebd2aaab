"""What becomes of an object, by its owners."""

import pytest

from apiserver.controllers.garbage.verdict import Verdict, blocks, is_waiting, judge
from protos.kubernetes import core_pb2, meta_pb2


def config_map(*owners: str, ends: bool = False) -> core_pb2.ConfigMap:
    found = core_pb2.ConfigMap()
    for uid in owners:
        found.metadata.ownerReferences.add(uid=uid, blockOwnerDeletion=uid == "a")
    if ends:
        found.metadata.deletionTimestamp.seconds = 1
    return found


@pytest.mark.parametrize(
    ("owners", "absent", "waiting", "verdict"),
    [
        ("", "", "", Verdict.KEEP),
        ("a", "", "", Verdict.KEEP),
        ("a", "a", "", Verdict.DELETE),
        ("ab", "a", "", Verdict.DROP_REFERENCES),
        ("ab", "ab", "", Verdict.DELETE),
        ("a", "", "a", Verdict.DELETE_WITH_OWNER),
        ("ab", "b", "a", Verdict.DELETE_WITH_OWNER),
        ("ab", "", "a", Verdict.KEEP),
    ],
)
def test_verdicts(owners: str, absent: str, waiting: str, verdict: Verdict) -> None:
    assert judge(config_map(*owners), absent, waiting) is verdict


def test_what_is_being_deleted_is_left_alone() -> None:
    assert judge(config_map("a", ends=True), "a", "") is Verdict.KEEP


def test_an_owner_waits_only_in_foreground_deletion_and_only_for_who_blocks() -> None:
    owner = config_map(ends=True)
    assert not is_waiting(owner)
    owner.metadata.finalizers.append("foregroundDeletion")
    assert is_waiting(owner)
    assert blocks(config_map("a"), "a")
    assert not blocks(config_map("b"), "b")
    assert not blocks(config_map("a"), "b")
    assert isinstance(owner.metadata, meta_pb2.ObjectMeta)

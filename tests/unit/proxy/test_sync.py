"""Full passes where the kernel says no."""

import pytest

from node_agent.nft.fake import FakeNft
from node_agent.nft.kernel import NftError
from node_agent.nft.objects import Set, Table
from node_agent.nft.transaction import ReplaceTable, Transaction
from node_agent.proxy import sync as module
from node_agent.proxy.changes import Changes
from node_agent.proxy.facts import ServiceName
from node_agent.proxy.reading import service_facts, slice_facts
from node_agent.proxy.sync import Sync
from tests.unit.proxy.objects import NODE, RANGES, endpoint, key, service, slice_


def cluster() -> Changes:
    changes = Changes()
    for number in range(20):
        web, pods = service(f"web-{number}", f"10.96.0.{number}"), slice_(f"web-{number}", endpoint("10.244.1.5"))
        changes.put_service(ServiceName(*key(web)), service_facts(web))
        changes.put_slice(key(pods), slice_facts(pods))
    changes.drain()
    return changes


def full(nft: FakeNft) -> FakeNft:
    Sync(cluster(), nft, RANGES).full(NODE)
    return nft


def test_tables_of_another_kind_are_made_anew() -> None:
    nft = FakeNft()
    nft.run(Transaction([ReplaceTable(Table("ip", "svclab", (Set("services", "mark", "mark"), Set("old", "mark"))))]))
    assert full(nft).dump() == full(FakeNft()).dump()


def test_what_is_too_large_for_one_message_is_written_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIECE", 5)
    whole = full(FakeNft())
    size = len(whole.transactions[0].text())
    nft = full(FakeNft(limit=size - 1))
    assert nft.dump() == whole.dump()
    assert len(nft.transactions) > 8


def test_a_refusal_keeps_what_was_there_and_is_not_trusted() -> None:
    nft, changes = FakeNft(), cluster()
    sync = Sync(changes, nft, RANGES)
    nft.refusals = 2
    with pytest.raises(NftError):
        sync.full(NODE)
    assert nft.dump() == ""
    assert not sync.trusts_the_kernel
    sync.full(NODE)
    assert sync.trusts_the_kernel


def test_what_failed_passes_had_not_told_is_told_by_the_next() -> None:
    changes = cluster()
    nft = FakeNft()
    sync = Sync(changes, nft, RANGES)
    assert len(sync.full(NODE).ports) == 20
    changes.put_service(ServiceName("default", "web-3"), None)
    nft.refusals = 1
    with pytest.raises(NftError):
        sync.partial(changes.drain())
    assert [str(name) for name in sync.full(NODE).gone] == ["default/web-3"]
    assert sync.partial(set()).gone == set()

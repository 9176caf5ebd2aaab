"""History is kept for its span, and no longer."""

import asyncio

import pytest

from apiserver import compaction
from apiserver.compaction import Compaction
from apiserver.store import MemoryStore, Put, StoreFull


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_was_the_newest_a_span_ago_is_the_oldest_now() -> None:
    async def main() -> None:
        store, clock = MemoryStore(), Clock()
        each = Compaction(store, 100.0, clock)
        for minute in range(20):
            clock.now = minute * 10.0
            await store.transaction([], [Put("/a", b"%d" % minute)])
            await each.step()
            assert store.compacted == max(0, minute - 9)

    asyncio.run(main())


def test_a_flood_is_cut_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        store = MemoryStore()
        for number in range(30):
            await store.transaction([], [Put("/a", b"%d" % number)])
        await Compaction(store, 100.0, Clock()).step()
        assert store.compacted == 20

    monkeypatch.setattr(compaction, "MAX_REVISIONS", 10)
    asyncio.run(main())


def test_a_full_disk_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    class Full(MemoryStore):
        async def compact(self, revision: int) -> None:
            raise StoreFull("the disk is full")

    async def main() -> None:
        store, clock = Full(), Clock()
        each = Compaction(store, 1.0, clock)
        await store.transaction([], [Put("/a", b"")])
        await each.step()
        clock.now = 2.0
        await each.step()

    asyncio.run(main())
    assert "the disk is full" in caplog.text

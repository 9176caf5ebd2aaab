"""What every engine promises."""

import asyncio

import pytest

from apiserver.store import (
    Change,
    Compacted,
    Compare,
    CompareFailed,
    Delete,
    FutureRevision,
    Put,
    Store,
    StoreClosed,
)


async def put(store: Store, key: str, value: bytes = b"x") -> int:
    return await store.transaction([], [Put(key, value)])


def keys(store: Store, prefix: str, revision: int = 0) -> list[str]:
    return [item.key for item in store.list(prefix, revision=revision)]


async def test_a_transaction_is_one_revision_of_all_its_keys(store: Store) -> None:
    revision = await store.transaction([Compare("/a/1", 0)], [Put("/a/1", b"one"), Put("/b/1", b"two")])
    assert revision == store.revision == 1
    found = [store.get("/a/1"), store.get("/b/1")]
    assert [(item.value, item.create_revision, item.mod_revision) for item in found if item] == [
        (b"one", 1, 1),
        (b"two", 1, 1),
    ]


async def test_a_replaced_key_keeps_its_create_revision_until_it_is_deleted(store: Store) -> None:
    await put(store, "/a")
    await put(store, "/a", b"again")
    item = store.get("/a")
    assert item is not None
    assert (item.create_revision, item.mod_revision, item.value) == (1, 2, b"again")
    await store.transaction([], [Delete("/a")])
    assert store.get("/a") is None
    await put(store, "/a")
    assert (item := store.get("/a")) is not None
    assert item.create_revision == 4


@pytest.mark.parametrize(("wrong", "current"), [(Compare("/a", 0), 1), (Compare("/a", 7), 1), (Compare("/z", 1), None)])
async def test_a_condition_that_fails_changes_nothing_and_says_what_stands(
    store: Store, wrong: Compare, current: int | None
) -> None:
    await put(store, "/a")
    with pytest.raises(CompareFailed) as caught:
        await store.transaction([Compare("/a", 1), wrong], [Put("/a", b"new"), Put("/c", b"new")])
    assert caught.value.key == wrong.key
    assert (caught.value.current and caught.value.current.mod_revision) == current
    assert store.revision == 1
    assert keys(store, "/") == ["/a"]


async def test_deleting_what_is_not_there_is_no_revision(store: Store) -> None:
    await put(store, "/a")
    assert await store.transaction([Compare("/b", 0)], [Delete("/b")]) == 1


async def test_one_key_may_be_named_once(store: Store) -> None:
    with pytest.raises(ValueError, match="one key"):
        await store.transaction([], [Put("/a", b"1"), Delete("/a")])
    assert store.revision == 0


async def test_lists_are_sorted_and_stay_under_their_prefix(store: Store) -> None:
    for key in ("/pods/b/1", "/pods/a/2", "/pods/a/1", "/pods-of-others/x", "/nodes/n", "/pods/c"):
        await put(store, key)
    assert keys(store, "/pods/") == ["/pods/a/1", "/pods/a/2", "/pods/b/1", "/pods/c"]
    assert [item.key for item in store.list("/pods/", after="/pods/a/1", limit=2)] == ["/pods/a/2", "/pods/b/1"]
    assert store.count("/pods/") == 4
    assert store.count("/pods/", after="/pods/a/2") == 2
    assert keys(store, "/none/") == []
    assert len(keys(store, "")) == 6


async def test_a_list_at_a_revision_is_the_past(store: Store) -> None:
    await put(store, "/a/1", b"old")
    await put(store, "/a/2")
    await store.transaction([], [Put("/a/1", b"new"), Delete("/a/2"), Put("/a/3", b"x")])
    await put(store, "/b")
    assert [(item.key, item.value) for item in store.list("/a/", revision=2)] == [("/a/1", b"old"), ("/a/2", b"x")]
    assert [item.key for item in store.list("/a/", revision=2, after="/a/1", limit=1)] == ["/a/2"]
    assert keys(store, "/a/", 1) == ["/a/1"]
    assert keys(store, "/a/", 3) == ["/a/1", "/a/3"]
    with pytest.raises(FutureRevision):
        store.list("/a/", revision=9)


async def test_compaction_forgets_the_past_and_keeps_the_present(store: Store) -> None:
    await put(store, "/a", b"1")
    await put(store, "/a", b"2")
    await store.transaction([], [Delete("/a")])
    await put(store, "/b", b"1")
    await put(store, "/b", b"2")
    await store.compact(4)
    assert store.compacted == 4
    with pytest.raises(Compacted):
        store.list("/", revision=3)
    with pytest.raises(Compacted):
        store.watch("/", 3)
    assert keys(store, "/", 4) == ["/b"]
    assert [change.revision for change in await anext(store.watch("/", 4))] == [5]
    await store.compact(2)
    assert store.compacted == 4


async def test_a_watch_brings_every_change_under_its_prefix_in_order(store: Store) -> None:
    await put(store, "/a/1")
    watcher = store.watch("/a/", 1)
    waiting = asyncio.create_task(anext(watcher))
    await asyncio.sleep(0)
    await put(store, "/b/1")
    await store.transaction([], [Put("/a/1", b"y"), Put("/a/2", b"z"), Put("/b/2", b"z")])
    first = await waiting
    assert [(c.revision, c.key, c.previous is not None) for c in first] == [(3, "/a/1", True), (3, "/a/2", False)]
    await store.transaction([], [Delete("/a/1")])
    await put(store, "/a/3")
    later: list[Change] = []
    while len(later) < 2:
        later += await anext(watcher)
    assert [(c.revision, c.key, c.current is None) for c in later] == [(4, "/a/1", True), (5, "/a/3", False)]
    assert watcher.revision == store.revision


async def test_a_watch_from_the_past_begins_with_what_it_missed(store: Store) -> None:
    for number in range(5):
        await put(store, f"/a/{number}")
    assert [change.revision for change in await anext(store.watch("/a/", 2))] == [3, 4, 5]
    with pytest.raises(FutureRevision):
        store.watch("/a/", 6)


async def test_a_watcher_that_falls_behind_the_history_ends_and_holds_up_nobody(store: Store) -> None:
    slow, quick = store.watch("/a/", 0), store.watch("/a/", 0)
    for number in range(50):
        await put(store, f"/a/{number}")
    assert len(await anext(quick)) == 50
    await store.compact(20)
    with pytest.raises(Compacted):
        await anext(slow)
    await put(store, "/a/last")
    assert [change.key for change in await anext(quick)] == ["/a/last"]


async def test_an_interrupted_watcher_hands_out_what_it_has(store: Store) -> None:
    watcher = store.watch("/a/", 0)
    waiting = asyncio.create_task(anext(watcher))
    await put(store, "/b")
    watcher.interrupt()
    assert await waiting == []
    assert watcher.revision == 1
    watcher.interrupt()
    await put(store, "/a/1")
    assert len(await anext(watcher)) == 1


async def test_a_closed_watcher_ends(store: Store) -> None:
    watcher = store.watch("/a/", 0)
    waiting = asyncio.create_task(anext(watcher, None))
    await asyncio.sleep(0)
    watcher.close()
    assert await waiting is None
    await put(store, "/a/1")
    assert await anext(watcher, None) is None


async def test_concurrent_writers_never_lose_an_increment(store: Store) -> None:
    await put(store, "/n", b"0")

    async def increment() -> int:
        for attempt in range(1000):
            item = store.get("/n")
            assert item is not None
            try:
                await store.transaction([Compare("/n", item.mod_revision)], [Put("/n", b"%d" % (int(item.value) + 1))])
            except CompareFailed:
                await asyncio.sleep(0)
                continue
            return attempt
        raise AssertionError("never got through")

    await asyncio.gather(*(increment() for _ in range(30)))
    assert (item := store.get("/n")) is not None
    assert item.value == b"30"
    assert store.revision == 31


async def test_one_of_many_creators_wins(store: Store) -> None:
    calls = [store.transaction([Compare("/a", 0)], [Put("/a", b"%d" % number)]) for number in range(20)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [result for result in results if result == 1] == [1]
    assert sum(isinstance(result, CompareFailed) for result in results) == 19


async def test_a_closed_store_takes_nothing_and_ends_its_watchers(store: Store) -> None:
    watcher = store.watch("/", 0)
    write = asyncio.create_task(put(store, "/a"))
    await asyncio.sleep(0)
    await store.close()
    assert await write == 1
    with pytest.raises(StoreClosed):
        await put(store, "/b")
    assert await anext(watcher, None) is None
    assert await anext(store.watch("/", 0), None) is None
    assert keys(store, "/") == ["/a"]

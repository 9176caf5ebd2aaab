"""Watches: which events, in which order, and how they end."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import pytest

from apiserver.server import watching
from protos import api_pb2, kinds
from protos.kubernetes import core_pb2
from svclab.client import errors
from svclab.client.transport import LocalContext
from tests.unit.server.conftest import Cluster

MAPS = kinds.CONFIG_MAPS
Seen = tuple[str, str, str]  # type, name, resourceVersion


async def take(watch: AsyncGenerator[Any, None], count: int) -> list[Seen]:
    """The next events, however many messages bring them."""
    seen: list[Seen] = []
    while len(seen) < count:
        seen += [
            (event.type, event.object.metadata.name, event.object.metadata.resourceVersion)
            for event in await anext(watch)
        ]
    return seen


def version(obj: core_pb2.ConfigMap) -> str:
    return obj.metadata.resourceVersion


async def test_a_watch_brings_each_change_behind_its_revision_once(cluster: Cluster) -> None:
    first = await cluster.config_map("a")
    async with aclosing(cluster.client.watch(MAPS, "default", resource_version=version(first))) as watch:
        second = await cluster.relabel("a", x="1")
        await cluster.config_map("elsewhere", "kube-system")
        third = await cluster.config_map("b")
        await cluster.client.delete(MAPS, "a", "default")
        assert await take(watch, 3) == [
            ("MODIFIED", "a", version(second)),
            ("ADDED", "b", version(third)),
            ("DELETED", "a", str(cluster.store.revision)),
        ]


@pytest.mark.parametrize("revision", ["", "0"])
async def test_a_watch_from_nowhere_begins_with_the_present(cluster: Cluster, revision: str) -> None:
    made = [await cluster.config_map(name) for name in "ab"]
    async with aclosing(cluster.client.watch(MAPS, resource_version=revision)) as watch:
        assert await take(watch, 2) == [("ADDED", name, version(obj)) for name, obj in zip("ab", made, strict=True)]
        third = await cluster.config_map("c")
        assert await take(watch, 1) == [("ADDED", "c", version(third))]


async def test_initial_events_end_with_a_bookmark(cluster: Cluster) -> None:
    await cluster.config_map("a")
    async with aclosing(cluster.client.watch(MAPS, send_initial_events=True)) as watch:
        added, bookmark = await anext(watch)
    assert (added.type, bookmark.type, bookmark.ends_initial_events) == ("ADDED", "BOOKMARK", True)
    assert bookmark.object.metadata.resourceVersion == str(cluster.store.revision)


async def test_through_a_selector_objects_appear_and_vanish(cluster: Cluster) -> None:
    await cluster.config_map("a")
    revision = str(cluster.store.revision)
    async with aclosing(
        cluster.client.watch(MAPS, "default", label_selector="env=prod", resource_version=revision)
    ) as watch:
        appears = await cluster.relabel("a", env="prod")
        stays = await cluster.relabel("a", other="x")
        vanishes = await cluster.relabel("a", env="dev")
        await cluster.relabel("a", other="y")
        again = await cluster.relabel("a", env="prod")
        await cluster.client.delete(MAPS, "a", "default")
        assert await take(watch, 5) == [
            ("ADDED", "a", version(appears)),
            ("MODIFIED", "a", version(stays)),
            ("DELETED", "a", version(vanishes)),
            ("ADDED", "a", version(again)),
            ("DELETED", "a", str(cluster.store.revision)),
        ]


async def test_what_vanishes_is_shown_as_it_last_matched(cluster: Cluster) -> None:
    await cluster.config_map("a", env="prod")
    revision = str(cluster.store.revision)
    await cluster.relabel("a", env="dev")
    async with aclosing(
        cluster.client.watch(MAPS, "default", label_selector="env=prod", resource_version=revision)
    ) as watch:
        (event,) = await anext(watch)
    assert (event.type, event.object.metadata.labels["env"]) == ("DELETED", "prod")


async def test_a_compacted_revision_ends_in_an_error_event_and_expired(cluster: Cluster) -> None:
    old = await cluster.config_map("a")
    await cluster.relabel("a", x="1")
    await cluster.store.compact(cluster.store.revision)
    request = api_pb2.WatchRequest(resource="configmaps", resourceVersion=version(old))
    responses = cluster.api.Watch(request, LocalContext())
    (event,) = (await anext(responses)).events
    assert event.type == "ERROR"
    with pytest.raises(errors.Expired, match=r"too old resource version: \d+ \(\d+\)"):
        await anext(responses)


async def test_a_watcher_that_sleeps_through_a_compaction_expires(cluster: Cluster) -> None:
    async with aclosing(cluster.client.watch(MAPS, send_initial_events=True)) as watch:
        await anext(watch)
        await cluster.config_map("a")
        await cluster.config_map("b")
        await cluster.store.compact(cluster.store.revision)
        with pytest.raises(errors.Expired):
            await anext(watch)


async def test_bookmarks_come_by_the_clock_and_before_the_end(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "BOOKMARK_SECONDS", 0.02)
    monkeypatch.setattr(watching, "TIMEOUT_SECONDS", (0.05, 0.05))
    await cluster.config_map("elsewhere", "kube-system")
    revision = str(cluster.store.revision)
    watch = cluster.client.watch(MAPS, "default", resource_version=revision, bookmarks=True)
    events = [event for batch in [batch async for batch in watch] for event in batch]
    assert [event.type for event in events] == ["BOOKMARK"] * len(events)
    assert len(events) >= 2
    assert {event.object.metadata.resourceVersion for event in events} == {revision}


async def test_a_watch_without_bookmarks_just_ends(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "TIMEOUT_SECONDS", (0.01, 0.01))
    revision = str(cluster.store.revision)
    assert [batch async for batch in cluster.client.watch(MAPS, resource_version=revision)] == []


async def test_a_big_state_comes_in_several_messages(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "MESSAGE_BYTES", 500)
    for number in range(20):
        await cluster.config_map(f"m{number:02}")
    async with aclosing(cluster.client.watch(MAPS)) as watch:
        first = len(await anext(watch))
        assert 0 < first < 20
        rest = await take(watch, 20 - first)
    assert rest[-1][1] == "m19"


async def test_many_changes_come_in_one_message(cluster: Cluster) -> None:
    async with aclosing(cluster.client.watch(MAPS, resource_version=str(cluster.store.revision))) as watch:
        first = asyncio.create_task(anext(watch))
        await asyncio.sleep(0)
        for name in "abc":
            await cluster.config_map(name)
        assert len(await first) == 3


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"resource_version": "999"}, errors.Timeout),
        ({"resource_version": "x"}, errors.BadRequest),
        ({"field_selector": "spec.x=1"}, errors.BadRequest),
    ],
)
async def test_nonsense_is_refused(cluster: Cluster, options: dict[str, str], error: type[Exception]) -> None:
    with pytest.raises(error):
        await anext(cluster.client.watch(MAPS, **options))  # type: ignore[arg-type]


async def test_a_watch_that_is_closed_leaves_no_watcher(cluster: Cluster) -> None:
    watch = cluster.client.watch(MAPS, send_initial_events=True)
    await anext(watch)
    await watch.aclose()
    assert not cluster.store._fanout._watchers

import asyncio

import pytest
from google.protobuf.message import Message

from protos import api_pb2, kinds
from protos.kubernetes import core_pb2, meta_pb2
from svclab.client import Client, Informer, Key, errors
from svclab.client.fake_transport import FakeTransport, Scene
from svclab.client.lister import Lister
from svclab.client.objects import INITIAL_EVENTS_END


def answer(*events: meta_pb2.WatchEvent) -> api_pb2.WatchResponse:
    return api_pb2.WatchResponse(events=events)


def watch_event(type: str, obj: Message) -> meta_pb2.WatchEvent:
    return meta_pb2.WatchEvent(type=type, object=meta_pb2.RawExtension(raw=obj.SerializeToString()))


def event(type: str, name: str, revision: int, value: str = "") -> meta_pb2.WatchEvent:
    meta = meta_pb2.ObjectMeta(name=name, namespace="ns", resourceVersion=str(revision))
    return watch_event(type, core_pb2.ConfigMap(metadata=meta, data={"value": value}))


def initial_events_end(revision: int) -> meta_pb2.WatchEvent:
    meta = meta_pb2.ObjectMeta(resourceVersion=str(revision), annotations={INITIAL_EVENTS_END: "true"})
    return watch_event("BOOKMARK", core_pb2.ConfigMap(metadata=meta))


EXPIRED = meta_pb2.Status(reason="Expired", code=410, message="too old resource version: 5 (1000)")
FIRST: Scene = [answer(event("ADDED", "a", 1, "1"), event("ADDED", "b", 2, "1"), initial_events_end(2))]


def play(*scenes: Scene) -> tuple[dict[str, str], list[str], FakeTransport]:
    """Runs an informer over the scenes: what it holds in the end, what its handler was told, and the transport."""

    async def main() -> tuple[dict[str, str], list[str], FakeTransport]:
        transport = FakeTransport([*scenes])
        informer: Informer[core_pb2.ConfigMap] = Informer(Client(transport), kinds.CONFIG_MAPS)
        told: list[str] = []

        def handler(key: Key, old: core_pb2.ConfigMap | None, new: core_pb2.ConfigMap | None) -> None:
            values = [obj.data["value"] if obj is not None else "-" for obj in (old, new)]
            told.append(f"{key.name} {values[0]} {values[1]}")

        informer.add_handler(handler)
        task = asyncio.create_task(informer.run())
        await transport.over.wait()
        await informer.synced()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return {obj.metadata.name: obj.data["value"] for obj in informer.lister.list()}, told, transport

    return asyncio.run(main())


def test_one_watch_brings_the_state_and_then_the_changes() -> None:
    held, told, transport = play(
        [*FIRST, answer(event("MODIFIED", "a", 3, "2"), event("DELETED", "b", 4, "1"), event("ADDED", "c", 5, "1"))]
    )
    assert held == {"a": "2", "c": "1"}
    assert told == ["a - 1", "b - 1", "a 1 2", "b 1 -", "c - 1"]
    assert transport.requests[0].sendInitialEvents
    assert transport.requests[1].resourceVersion == "5"


def test_a_broken_watch_is_taken_up_where_it_broke() -> None:
    lost = errors.unreachable("unix:/s")
    held, told, transport = play([*FIRST, lost], [answer(event("MODIFIED", "b", 7, "2"))])
    assert held == {"a": "1", "b": "2"}
    assert told == ["a - 1", "b - 1", "b 1 2"]
    assert [request.resourceVersion for request in transport.requests] == ["", "2", "7"]


def test_a_state_cut_short_is_read_from_the_beginning() -> None:
    held, told, _ = play([answer(event("ADDED", "z", 1)), errors.unreachable("unix:/s")], FIRST)
    assert held == {"a": "1", "b": "1"}
    assert told == ["a - 1", "b - 1"]


def test_after_expired_only_the_difference_is_told() -> None:
    held, told, _ = play(
        FIRST,
        [answer(watch_event("ERROR", EXPIRED))],
        [answer(event("ADDED", "a", 1, "1"), event("ADDED", "c", 9, "1"), initial_events_end(9))],
    )
    assert held == {"a": "1", "c": "1"}
    assert told == ["a - 1", "b - 1", "b 1 -", "c - 1"]


def test_a_bookmark_moves_the_place_to_take_up() -> None:
    bookmark = event("BOOKMARK", "", 50)
    _, _, transport = play([*FIRST, answer(bookmark)])
    assert transport.requests[1].resourceVersion == "50"


def test_a_late_handler_is_told_what_is_there() -> None:
    async def main() -> list[str]:
        transport = FakeTransport([FIRST])
        informer: Informer[core_pb2.ConfigMap] = Informer(Client(transport), kinds.CONFIG_MAPS)
        task = asyncio.create_task(informer.run())
        await informer.synced()
        told: list[str] = []
        informer.add_handler(lambda key, old, new: told.append(str(key)))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return told

    assert asyncio.run(main()) == ["ns/a", "ns/b"]


def _config(name: str, **labels: str) -> core_pb2.ConfigMap:
    return core_pb2.ConfigMap(metadata=meta_pb2.ObjectMeta(name=name, namespace="ns", labels=labels))


def test_an_index_follows_its_objects() -> None:
    lister: Lister[core_pb2.ConfigMap] = Lister({"label": lambda obj: obj.metadata.labels.items()})
    lister.put(_config("a", app="x"))
    lister.put(_config("b", app="x"))
    lister.put(_config("a", app="y"))
    assert [obj.metadata.name for obj in lister.indexed("label", ("app", "x"))] == ["b"]
    assert [obj.metadata.name for obj in lister.indexed("label", ("app", "y"))] == ["a"]
    lister.remove(Key("ns", "b"))
    assert lister.indexed("label", ("app", "x")) == []
    assert lister.list("ns") == [_config("a", app="y")]


def test_an_edit_of_a_cached_object_is_found_out() -> None:
    lister: Lister[core_pb2.ConfigMap] = Lister()
    config = _config("a")
    lister.put(config)
    config.data["edited"] = "yes"
    with pytest.raises(AssertionError, match="ns/a was edited in the cache"):
        lister.put(_config("a"))


def test_edits_are_looked_for_only_where_the_environment_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SVCLAB_CACHE_MUTATION_DETECTOR")
    lister: Lister[core_pb2.ConfigMap] = Lister()
    config = _config("a")
    lister.put(config)
    config.data["edited"] = "yes"
    assert lister.put(_config("a")) is config

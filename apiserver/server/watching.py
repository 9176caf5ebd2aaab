"""Watches: changes of the store to events, in messages of many."""

import asyncio
import random
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import aclosing, closing
from dataclasses import dataclass

from apiserver.registry import errors
from apiserver.registry.keys import with_resource_version
from apiserver.server.listing import check_reached
from apiserver.server.selection import Matches, Selection, parse_revision
from apiserver.store import Change, Compacted, Store, Watcher
from protos import api_pb2
from protos.kubernetes import core_pb2, meta_pb2

Event = tuple[str, bytes]  # type and encoded object

MESSAGE_BYTES = 512 * 1024  # a message is closed behind the event that reaches this
BOOKMARK_SECONDS = 60.0
TIMEOUT_SECONDS = (1800, 3600)  # of a watch that names none: random, so that clients do not come back all at once
INITIAL_EVENTS_END = "k8s.io/initial-events-end"
CLOCK_SLACK = 0.001  # a timer may fire this much early


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a watch speaks unasked, in seconds. `timeout` ends it."""

    bookmarks: float | None
    timeout: float


async def watch(
    store: Store, request: api_pb2.WatchRequest, chance: random.Random
) -> AsyncGenerator[api_pb2.WatchResponse, None]:
    """Events until the timeout. Raises BadRequest, Timeout, and Expired behind an ERROR event."""
    selection = Selection.parse(request.resource, request.namespace, request.labelSelector, request.fieldSelector)
    revision = parse_revision(request.resourceVersion)
    check_reached(store, revision)
    if request.sendInitialEvents and not request.allowBookmarks:
        raise errors.BadRequest("sendInitialEvents is forbidden without allowBookmarks")
    begins_with_state = not revision or request.sendInitialEvents
    try:
        with closing(store.watch(selection.prefix, store.revision if begins_with_state else revision)) as watcher:
            if begins_with_state:
                for response in _responses(_initial(store, selection, end=request.sendInitialEvents)):
                    yield response
            async with aclosing(_follow(watcher, selection.matches, _schedule(request, chance))) as responses:
                async for response in responses:
                    yield response
    except Compacted as error:
        expired = errors.Expired(f"too old resource version: {error.revision} ({error.oldest})")
        yield _response([("ERROR", expired.status.SerializeToString())])
        raise expired from None


def _schedule(request: api_pb2.WatchRequest, chance: random.Random) -> Schedule:
    bookmarks = BOOKMARK_SECONDS if request.allowBookmarks else None
    return Schedule(bookmarks, float(request.timeoutSeconds) or chance.uniform(*TIMEOUT_SECONDS))


def _initial(store: Store, selection: Selection, *, end: bool) -> Iterator[Event]:
    """The present state as ADDED events; behind them, if `end`, the bookmark that says so."""
    revision, matches = store.revision, selection.matches
    for item in store.list(selection.prefix):
        if matches is None or matches(item.value):
            yield "ADDED", with_resource_version(item.value, item.mod_revision)
    if end:
        yield "BOOKMARK", _bookmark(revision, initial_events_end=True)


async def _follow(
    watcher: Watcher, matches: Matches | None, schedule: Schedule
) -> AsyncGenerator[api_pb2.WatchResponse, None]:
    """Changes as they come; bookmarks and the end as scheduled."""
    loop = asyncio.get_running_loop()
    end = loop.time() + schedule.timeout
    due = min(end, loop.time() + schedule.bookmarks) if schedule.bookmarks else end
    timer = loop.call_at(due, watcher.interrupt)
    try:
        async for changes in watcher:
            for response in _responses(_events(changes, matches)):
                yield response
            if loop.time() + CLOCK_SLACK < due:
                continue
            if schedule.bookmarks:
                yield _response([("BOOKMARK", _bookmark(watcher.revision))])
                due = min(end, loop.time() + schedule.bookmarks)
            if loop.time() + CLOCK_SLACK >= end:
                return
            timer = loop.call_at(due, watcher.interrupt)
    finally:
        timer.cancel()


def _events(changes: Sequence[Change], matches: Matches | None) -> Iterator[Event]:
    """What the changes look like through a selector: objects appear and vanish as they start and stop to match."""
    for change in changes:
        current, previous = change.current, change.previous
        is_seen = current is not None and (matches is None or matches(current.value))
        was_seen = previous is not None and (matches is None or matches(previous.value))
        if current is not None and is_seen:
            yield "MODIFIED" if was_seen else "ADDED", with_resource_version(current.value, change.revision)
        elif previous is not None and was_seen:
            yield "DELETED", with_resource_version(previous.value, change.revision)


def _responses(events: Iterable[Event]) -> Iterator[api_pb2.WatchResponse]:
    """Events in responses of about MESSAGE_BYTES."""
    batch: list[Event] = []
    size = 0
    for event in events:
        batch.append(event)
        size += len(event[1])
        if size >= MESSAGE_BYTES:
            yield _response(batch)
            batch, size = [], 0
    if batch:
        yield _response(batch)


def _bookmark(revision: int, *, initial_events_end: bool = False) -> bytes:
    """The object of a BOOKMARK, its metadata alone: you have seen all up to this revision."""
    # Metadata is field 1 of every kind, so any kind will do.
    bookmark = core_pb2.Namespace(metadata=meta_pb2.ObjectMeta(resourceVersion=str(revision)))
    if initial_events_end:
        bookmark.metadata.annotations[INITIAL_EVENTS_END] = "true"
    return bookmark.SerializeToString()


def _response(events: Iterable[Event]) -> api_pb2.WatchResponse:
    """One response that holds the events."""
    response = api_pb2.WatchResponse()
    for kind, encoded in events:
        response.events.add(type=kind).object.raw = encoded
    return response

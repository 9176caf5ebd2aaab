"""Tells users what happened to an object: core/v1 Events, as `kubectl get events` and `describe` show them."""

import asyncio
import itertools
import logging
from collections import OrderedDict
from contextlib import suppress
from typing import Any, Literal, NamedTuple

from protos import kinds, timestamps
from protos.kubernetes import core_pb2, meta_pb2
from svclab.client import errors
from svclab.client.client import Client
from svclab.client.clock import Clock, LoopClock

REMEMBERED = 4096  # how many different events a recorder can still count up

EventType = Literal["Normal", "Warning"]

log = logging.getLogger(__name__)


class _Happening(NamedTuple):
    """What makes two events the same, but for their time."""

    kind: str
    api_version: str
    namespace: str
    name: str
    uid: str
    type: EventType
    reason: str
    message: str


class EventRecorder:
    """Writes events about objects, in the background: `run()` must be running. An event is never worth an error.

    An event that happens again is counted up in the same Event object; repeats that wait are written as one.
    """

    def __init__(self, client: Client, component: str, *, host: str = "", clock: Clock | None = None) -> None:
        self._client = client
        self._component = component
        self._host = host
        self._clock = clock or LoopClock()
        self._waiting: dict[_Happening, int] = {}
        self._written: OrderedDict[_Happening, core_pb2.Event] = OrderedDict()
        self._wake = asyncio.Event()
        self._numbers = itertools.count()

    def event(self, obj: Any, type: EventType, reason: str, message: str) -> None:
        """Something happened to the object. `reason` is one CamelCase word, `message` is for people."""
        kind, meta = kinds.kind_of(obj), obj.metadata
        happening = _Happening(kind.kind, kind.api_version, meta.namespace, meta.name, meta.uid, type, reason, message)
        self._waiting[happening] = self._waiting.get(happening, 0) + 1
        self._wake.set()

    async def run(self) -> None:
        """Writes until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            waiting, self._waiting = self._waiting, {}
            for happening, times in waiting.items():
                try:
                    await self._write(happening, times)
                except errors.ApiError as error:
                    log.warning("event lost", extra={"reason": happening.reason, "error": str(error)})

    async def _write(self, happening: _Happening, times: int) -> None:
        known = self._written.get(happening)
        if known is not None:
            with suppress(errors.NotFound):  # it has outlived its time
                self._remember(happening, await self._count_up(known, times))
                return
        self._remember(happening, await self._client.create(self._first(happening, times)))

    async def _count_up(self, known: core_pb2.Event, times: int) -> core_pb2.Event:
        event = core_pb2.Event()
        event.CopyFrom(known)
        event.count += times
        event.lastTimestamp.CopyFrom(self._now())
        event.metadata.resourceVersion = ""
        return await self._client.update(event)

    def _first(self, happening: _Happening, times: int) -> core_pb2.Event:
        now, unique = self._now(), int(self._clock.time() * 1e9) + next(self._numbers)
        return core_pb2.Event(
            metadata=meta_pb2.ObjectMeta(
                name=f"{happening.name}.{unique:x}", namespace=happening.namespace or "default"
            ),
            involvedObject=_reference(happening),
            reason=happening.reason,
            message=happening.message,
            source=core_pb2.EventSource(component=self._component, host=self._host),
            firstTimestamp=now,
            lastTimestamp=now,
            count=times,
            type=happening.type,
            reportingComponent=self._component,
            reportingInstance=self._host,
        )

    def _remember(self, happening: _Happening, event: core_pb2.Event) -> None:
        self._written[happening] = event
        self._written.move_to_end(happening)
        if len(self._written) > REMEMBERED:
            self._written.popitem(last=False)

    def _now(self) -> meta_pb2.Time:
        return timestamps.time(self._clock.time())


def _reference(happening: _Happening) -> core_pb2.ObjectReference:
    return core_pb2.ObjectReference(
        kind=happening.kind,
        apiVersion=happening.api_version,
        namespace=happening.namespace,
        name=happening.name,
        uid=happening.uid,
    )

"""Keeps a local copy of one kind of objects by a watch, and tells handlers what changed."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import aclosing
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

from protos.kinds import Kind
from svclab.client import errors
from svclab.client.backoff import Backoff
from svclab.client.client import Client
from svclab.client.lister import Indexer, Key, Lister, key_of
from svclab.client.objects import Batch

M = TypeVar("M", bound=Message)
Handler = Callable[[Key, M | None, M | None], None]

STRETCH = 100  # objects of a long first state between which others on the event loop get their turn

log = logging.getLogger(__name__)


class Informer(Generic[M]):
    """A local copy of the objects of a kind, kept by `run()`; read it through `lister`.

    One watch brings the current state and then every change. When it breaks it is taken up where it broke; when the
    server has forgotten that place (Expired), the state is read anew and compared. Handlers are called on the event
    loop with (key, old, new): old is None for a new object, new is None for a deleted one. They see levels: changes
    that happened while no server could be reached arrive as one.
    """

    def __init__(
        self,
        client: Client,
        kind: Kind,
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        indexers: dict[str, Indexer[M]] | None = None,
    ) -> None:
        self.kind = kind
        self.lister: Lister[M] = Lister(indexers)
        self._client = client
        self._namespace = namespace
        self._selectors = {"label_selector": label_selector, "field_selector": field_selector}
        self._handlers: list[Handler[M]] = []
        self._revision = ""  # the last one seen; empty: begin with the current state
        self._initial: list[M] | None = None  # the current state while it comes in
        self._synced = asyncio.Event()
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._backoff = Backoff(0.05, 5.0)

    def add_handler(self, handler: Handler[M]) -> None:
        """Calls `handler` for every change from now on, and at once for each object that is there already."""
        self._handlers.append(handler)
        for obj in self.lister.list():
            handler(key_of(obj), None, obj)

    async def synced(self) -> None:
        """Returns when the first state has been read."""
        await self._synced.wait()

    async def reached(self, resource_version: str) -> None:
        """Returns when the copy is as new as a write that returned this resource version ("": at once)."""
        if int(resource_version or 0) > int(self._revision or 0):
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append((int(resource_version), waiter))
            await waiter

    async def run(self) -> None:
        """Follows the server until cancelled."""
        while True:
            try:
                await self._follow()  # returns when the server ends the watch in good order
            except (errors.Unreachable, errors.ServiceUnavailable):
                await self._client.ready()
            except errors.Expired:
                self._revision = ""
            except errors.ApiError as error:
                log.warning("watch failed", extra={"resource": self.kind.resource, "error": str(error)})
                self._revision = ""
            await asyncio.sleep(self._backoff.pause())

    async def _follow(self) -> None:
        options: dict[str, Any] = dict(self._selectors)
        if self._revision:
            options |= {"resource_version": self._revision, "bookmarks": True}
            self._initial = None
        else:
            options |= {"send_initial_events": True}
            self._initial = []
        async with aclosing(self._client.watch(self.kind, self._namespace, **options)) as batches:
            async for batch in batches:
                self._backoff.reset()
                await self._take(batch)

    async def _take(self, batch: Batch) -> None:
        for event in batch:
            if self._initial is not None:
                if event.type != "BOOKMARK":
                    self._initial.append(event.object)
                    continue
                if not event.ends_initial_events:
                    continue
                await self._replace(self._initial)
                self._initial = None
                self._wake(self._waiters)  # whatever they wait for, this state is what there is
            elif event.type == "DELETED":
                self._remove(key_of(event.object))
            elif event.type != "BOOKMARK":
                self._put(event.object)
            self._arrive(event.object.metadata.resourceVersion)

    def _arrive(self, revision: str) -> None:
        self._revision = revision
        if self._waiters:
            self._wake([waiter for waiter in self._waiters if waiter[0] <= int(revision)])

    def _wake(self, waiters: Iterable[tuple[int, asyncio.Future[None]]]) -> None:
        for waiter in [*waiters]:
            self._waiters.remove(waiter)
            if not waiter[1].done():
                waiter[1].set_result(None)

    async def _replace(self, objects: list[M]) -> None:
        """Makes the copy equal to a whole state; what did not change is not told."""
        for key in self.lister.keys() - {key_of(obj) for obj in objects}:
            self._remove(key)
        for number, obj in enumerate(objects, 1):
            if number % STRETCH == 0:
                await asyncio.sleep(0)
            old: Any = self.lister.get(*key_of(obj))
            if old is None or old.metadata.resourceVersion != obj.metadata.resourceVersion:  # type: ignore[attr-defined]
                self._put(obj)
        self._synced.set()

    def _put(self, obj: M) -> None:
        old = self.lister.put(obj)
        for handler in self._handlers:
            handler(key_of(obj), old, obj)

    def _remove(self, key: Key) -> None:
        old = self.lister.remove(key)
        if old is not None:
            for handler in self._handlers:
                handler(key, old, None)

"""The control loop: take a key, make its world match, retry what failed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

from svclab.client import errors
from svclab.client.clock import Clock
from svclab.client.informer import Informer
from svclab.client.work_queue import WorkQueue

K = TypeVar("K", bound=Hashable)

UNREACHABLE_PAUSE = 0.2  # seconds; does not grow: a server that is back must find everybody at work

log = logging.getLogger(__name__)


class Result(NamedTuple):
    """How a reconcile ended: done, or done for now and to be looked at again after some seconds."""

    again_after: float | None = None


class Retry(Exception):
    """Not possible yet: try again, after `after` seconds or with the queue's back-off."""

    def __init__(self, text: str, *, after: float | None = None) -> None:
        super().__init__(text)
        self.after = after


class Terminal(Exception):
    """Not possible at all until the object changes."""


class Controller(Generic[K]):
    """Runs `reconcile(key)` for every key in `queue`, up to `workers` keys at a time, once the informers have synced.

    A reconcile that returns is done (see Result). Retry, and an ApiError, queue the key again; Terminal drops it;
    any other exception is a bug: it is logged with its traceback and the key is queued again.
    """

    def __init__(
        self,
        name: str,
        reconcile: Callable[[K], Awaitable[Result | None]],
        informers: Iterable[Informer[Any]] = (),
        *,
        workers: int = 4,
        clock: Clock | None = None,
    ) -> None:
        self.name = name
        self.queue: WorkQueue[K] = WorkQueue(clock=clock)
        self._reconcile = reconcile
        self._informers = [*informers]
        self._workers = workers

    async def run(self) -> None:
        """Works until cancelled."""
        for informer in self._informers:
            await informer.synced()
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._workers):
                    group.create_task(self._work())
        finally:
            self.queue.stop()

    async def _work(self) -> None:
        while True:
            key = await self.queue.get()
            try:
                await self.reconcile_once(key)
            finally:
                self.queue.done(key)
            await asyncio.sleep(0)  # a reconcile that finds nothing to do never waits: others must get their turn

    async def reconcile_once(self, key: K) -> None:
        """One reconcile of the key, and what follows from its end."""
        try:
            result = await self._reconcile(key)
        except Retry as retry:
            log.info("retry", extra=self._about(key, retry))
            if retry.after is None:
                self.queue.retry(key)
            else:
                self.queue.add_after(key, retry.after)
        except Terminal as error:
            log.error("given up", extra=self._about(key, error))
            self.queue.forget(key)
        except (errors.Unreachable, errors.ServiceUnavailable):
            self.queue.add_after(key, UNREACHABLE_PAUSE)
        except errors.ApiError as error:
            log.info("retry", extra=self._about(key, error))
            self.queue.retry(key)
        except Exception as error:
            log.exception("reconcile failed", extra=self._about(key, error))
            self.queue.retry(key)
        else:
            self.queue.forget(key)
            if result is not None and result.again_after is not None:
                self.queue.add_after(key, result.again_after)

    def _about(self, key: K, error: Exception) -> dict[str, str]:
        return {"controller": self.name, "key": str(key), "error": str(error)}

"""Deletes Events that are older than users look back."""

import asyncio

from protos import kinds, timestamps
from protos.kubernetes import core_pb2
from svclab.client import Client, errors
from svclab.client.clock import Clock

PAGE = 500


class EventExpiry:
    """Kubernetes gives each Event a lease in its store; here they are looked through now and then."""

    def __init__(self, client: Client, clock: Clock, kept: float) -> None:
        self._client = client
        self._clock = clock
        self._kept = kept

    async def run(self) -> None:
        """Works until cancelled."""
        while True:
            await asyncio.sleep(self._kept / 20)
            try:
                await self.sweep()
            except errors.Expired:
                continue  # the list was compacted away between two pages; the next round begins anew

    async def sweep(self) -> None:
        """Deletes what has not been seen for the time that events are kept."""
        oldest = self._clock.time() - self._kept
        async for page in self._client.pages(kinds.EVENTS, limit=PAGE):
            for event in page.items:
                if last_seen(event) < oldest:
                    await self._delete(event)

    async def _delete(self, event: core_pb2.Event) -> None:
        try:
            meta = event.metadata
            await self._client.delete(kinds.EVENTS, meta.name, meta.namespace, resource_version=meta.resourceVersion)
        except (errors.NotFound, errors.Conflict):
            return


def last_seen(event: core_pb2.Event) -> float:
    """When the event last happened, in seconds since 1970."""
    return max(
        timestamps.seconds(event.lastTimestamp),
        timestamps.seconds(event.eventTime),
        timestamps.seconds(event.series.lastObservedTime),
        timestamps.seconds(event.metadata.creationTimestamp),
    )

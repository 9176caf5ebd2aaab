"""Follows the API: informers tell the catalog what changed, and what is marked is made anew, a little at a time."""

import asyncio
import gc
from collections.abc import Callable

from cluster_dns.catalog import SERVICE_OF_SLICE, Catalog
from cluster_dns.records import is_headless
from cluster_dns.zone import Zone
from protos import kinds
from protos.kubernetes.core_pb2 import Namespace, Service
from protos.kubernetes.discovery_pb2 import EndpointSlice
from protos.timestamps import parse_micro_time, seconds
from svclab.client.client import Client
from svclab.client.informer import Informer
from svclab.client.lister import Key

TRIGGER_TIME = (
    "endpoints.kubernetes.io/last-change-trigger-time"  # annotation: when what changed the endpoints happened
)
PORTION = 20  # contributions made anew between two looks at the sockets: about a millisecond


class Feed:
    """Fills the zone from an API server.

    `clock` gives seconds since 1970; `programmed` is told of each change of endpoints that is served now, by the time
    that it was triggered at.
    """

    def __init__(
        self,
        client: Client,
        catalog: Catalog,
        zone: Zone,
        clock: Callable[[], float],
        programmed: Callable[[float], None],
    ) -> None:
        self._catalog = catalog
        self._zone = zone
        self._clock = clock
        self._programmed = programmed
        self._triggered: list[float] = []
        self._changed = asyncio.Event()
        self._services = Informer[Service](client, kinds.SERVICES)
        self._slices = Informer[EndpointSlice](client, kinds.ENDPOINT_SLICES, label_selector=SERVICE_OF_SLICE)
        self._namespaces = Informer[Namespace](client, kinds.NAMESPACES)
        self._services.add_handler(self._service_changed)
        self._slices.add_handler(self._slice_changed)
        self._namespaces.add_handler(self._namespace_changed)

    async def run(self) -> None:
        """Follows the server until cancelled. Nothing is shown before everything was read once."""
        informers = (self._services, self._slices, self._namespaces)
        async with asyncio.TaskGroup() as group:
            for informer in informers:
                group.create_task(informer.run())
            for informer in informers:
                await informer.synced()
            await self._apply()
            self._zone.synced = True
            gc.collect()
            gc.freeze()  # what stays is not looked through again: a full collection is a pause of many milliseconds
            while True:
                await self._changed.wait()
                await self._apply()

    async def _apply(self) -> None:
        self._changed.clear()
        left = self._catalog.apply(int(self._clock()), PORTION)
        while left:
            await asyncio.sleep(0)
            left = self._catalog.apply(int(self._clock()), PORTION)
        for trigger_time in self._triggered:
            self._programmed(trigger_time)
        self._triggered.clear()

    def _service_changed(self, key: Key, old: Service | None, new: Service | None) -> None:
        self._catalog.service_changed(key, new)
        self._changed.set()

    def _slice_changed(self, key: Key, old: EndpointSlice | None, new: EndpointSlice | None) -> None:
        self._catalog.slice_changed(key, new)
        self._changed.set()
        if new is not None and self._zone.synced and (text := new.metadata.annotations.get(TRIGGER_TIME)):
            service = self._catalog.service_of(new)
            if service is not None and is_headless(service) and service.spec.selector:
                self._triggered += _instant(text)

    def _namespace_changed(self, key: Key, old: Namespace | None, new: Namespace | None) -> None:
        self._catalog.namespace_changed(key.name, exists=new is not None)
        self._changed.set()


def _instant(text: str) -> list[float]:
    try:
        return [seconds(parse_micro_time(text))]
    except ValueError:
        return []

"""What the API holds, as the zone shows it.

Events mark keys; `apply` makes the marked contributions and their answers anew.
"""

import logging
from itertools import islice

from cluster_dns import records
from cluster_dns.answers import ReadyAnswers
from cluster_dns.zone import Owner, RecordSets, Source, Zone
from protos.kubernetes.core_pb2 import Service
from protos.kubernetes.discovery_pb2 import EndpointSlice

SERVICE_OF_SLICE = "kubernetes.io/service-name"  # the label that ties an EndpointSlice to its Service

Key = tuple[str, str]  # namespace, name

_ZONE: Owner = (Source.ZONE, "", "")

log = logging.getLogger(__name__)


class Catalog:
    """Holds the last state of each object. Any order of events ends in the same zone."""

    def __init__(self, zone: Zone, answers: ReadyAnswers) -> None:
        self._zone = zone
        self._answers = answers
        self._services: dict[Key, Service] = {}
        self._slices: dict[Key, dict[str, EndpointSlice]] = {}  # by Service, then by their own names
        self._service_of_slice: dict[Key, Key] = {}
        self._namespaces: set[str] = set()
        self._marked: dict[Owner, None] = {_ZONE: None}

    def service_changed(self, key: Key, service: Service | None) -> None:
        """The Service is now so; None: it is gone."""
        if service is None:
            self._services.pop(key, None)
        else:
            self._services[key] = service
        self._marked |= {(Source.SERVICE, *key): None, (Source.ENDPOINTS, *key): None}

    def slice_changed(self, key: Key, slice_: EndpointSlice | None) -> None:
        """The EndpointSlice is now so, perhaps of another Service than before; None: it is gone."""
        namespace, name = key
        if before := self._service_of_slice.pop(key, None):
            del self._slices[before][name]
            if not self._slices[before]:
                del self._slices[before]
            self._marked[(Source.ENDPOINTS, *before)] = None
        if slice_ is not None and (service := slice_.metadata.labels.get(SERVICE_OF_SLICE)):
            owner = self._service_of_slice[key] = (namespace, service)
            self._slices.setdefault(owner, {})[name] = slice_
            self._marked[(Source.ENDPOINTS, *owner)] = None

    def namespace_changed(self, name: str, *, exists: bool) -> None:
        if exists:
            self._namespaces.add(name)
        else:
            self._namespaces.discard(name)
        self._marked[Source.NAMESPACE, "", name] = None

    def service_of(self, slice_: EndpointSlice) -> Service | None:
        return self._services.get((slice_.metadata.namespace, slice_.metadata.labels.get(SERVICE_OF_SLICE, "")))

    def apply(self, serial: int, limit: int | None = None) -> int:
        """Makes what is marked anew, at most `limit` contributions; returns how many are left.

        `serial` becomes the SOA's.
        """
        changed: set[bytes] = set()
        for owner in list(islice(self._marked, limit)):
            del self._marked[owner]
            changed |= self._zone.replace(owner, self._records(owner, serial))
        if changed:
            changed |= self._zone.replace(_ZONE, self._records(_ZONE, serial))
            self._answers.rebuild(changed)
        return len(self._marked)

    def _records(self, owner: Owner, serial: int) -> RecordSets:
        try:
            return self._contribution(owner, serial)
        except ValueError as error:
            log.error("left out: it has no name in the DNS", extra={"object": owner, "error": str(error)})
            return {}

    def _contribution(self, owner: Owner, serial: int) -> RecordSets:
        source, namespace, name = owner
        settings = self._zone.settings
        if source is Source.ZONE:
            return records.zone_records(settings, serial)
        if source is Source.NAMESPACE:
            return records.namespace_records(settings, name) if name in self._namespaces else {}
        service = self._services.get((namespace, name))
        if service is None:
            return {}
        if source is Source.SERVICE:
            return records.service_records(settings, service)
        slices = self._slices.get((namespace, name), {})
        return records.endpoint_records(settings, service, (slices[slice_name] for slice_name in sorted(slices)))

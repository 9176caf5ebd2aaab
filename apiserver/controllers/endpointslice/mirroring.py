"""Mirrors Endpoints objects that users write for Services without a selector into EndpointSlices."""

import asyncio
from collections.abc import Iterable

from apiserver.controllers.endpointslice import packing
from apiserver.controllers.endpointslice.endpoints import EndpointKey, Endpoints, Group, Port
from apiserver.controllers.informers import SERVICE_NAME_LABEL, Informers
from protos import kinds
from protos.addresses import canonical_address
from protos.kubernetes import core_pb2, discovery_pb2, meta_pb2
from svclab.client import Client, Controller, EventRecorder, Key, errors
from svclab.client.clock import Clock

MANAGED_BY_LABEL = "endpointslice.kubernetes.io/managed-by"
MANAGED_BY = "endpointslicemirroring-controller.k8s.io"
SKIP_LABEL = "endpointslice.kubernetes.io/skip-mirror"
LEADER_ANNOTATION = "control-plane.alpha.kubernetes.io/leader"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
MAX_ADDRESSES = 1000  # of one subset; more are not mirrored


class MirroringController:
    """One reconcile makes the mirrored slices of one Endpoints object right; its key is that of its Service."""

    def __init__(self, client: Client, informers: Informers, recorder: EventRecorder, clock: Clock, size: int) -> None:
        self._client = client
        self._informers = informers
        self._recorder = recorder
        self._size = size
        read = (informers.services, informers.endpoints, informers.slices)
        self._controller = Controller[Key]("endpointslice-mirroring", self.reconcile, read, clock=clock)
        informers.services.add_handler(self._service_changed)
        informers.endpoints.add_handler(self._endpoints_changed)
        informers.slices.add_handler(self._slice_changed)

    async def run(self) -> None:
        """Works until cancelled."""
        await self._controller.run()

    async def reconcile(self, key: Key) -> None:
        """Makes the slices equal to the Endpoints object; deletes them where it is not to be mirrored."""
        existing = [slice for slice in self._informers.slices.lister.indexed("service", key) if is_mirrored(slice)]
        endpoints = self._informers.endpoints.lister.get(*key)
        service = self._informers.services.lister.get(*key)
        if endpoints is None or service is None or service.spec.selector or not wants_mirror(endpoints):
            changes = packing.Changes(delete=existing)
        else:
            changes = packing.plan(mirrored(endpoints), (), existing, mirror_metadata(endpoints), self._size)
        results = await asyncio.gather(
            *(self._client.create(slice) for slice in changes.create),
            *(self._client.update(slice) for slice in changes.update),
            *(
                self._client.delete(kinds.ENDPOINT_SLICES, slice.metadata.name, key.namespace, uid=slice.metadata.uid)
                for slice in changes.delete
            ),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, errors.NotFound):
                raise result
        for result in results:
            if isinstance(result, discovery_pb2.EndpointSlice):
                await self._informers.slices.reached(result.metadata.resourceVersion)

    def _endpoints_changed(self, key: Key, old: core_pb2.Endpoints | None, new: core_pb2.Endpoints | None) -> None:
        self._controller.queue.add(key)
        left_out = _left_out(new)
        if new is not None and left_out and left_out != _left_out(old) and wants_mirror(new):
            text = f"A max of {MAX_ADDRESSES} addresses can be mirrored to EndpointSlices per Endpoints subset."
            self._recorder.event(
                new, "Warning", "TooManyAddressesToMirror", f"{text} {left_out} addresses were skipped"
            )

    def _service_changed(self, key: Key, old: core_pb2.Service | None, new: core_pb2.Service | None) -> None:
        if old is None or new is None or bool(old.spec.selector) != bool(new.spec.selector):
            self._controller.queue.add(key)

    def _slice_changed(
        self, key: Key, old: discovery_pb2.EndpointSlice | None, new: discovery_pb2.EndpointSlice | None
    ) -> None:
        for slice in (old, new):
            if slice is not None and is_mirrored(slice):
                self._controller.queue.add(Key(key.namespace, slice.metadata.labels[SERVICE_NAME_LABEL]))


def is_mirrored(slice: discovery_pb2.EndpointSlice) -> bool:
    """This controller wrote the slice."""
    return slice.metadata.labels.get(MANAGED_BY_LABEL) == MANAGED_BY and SERVICE_NAME_LABEL in slice.metadata.labels


def wants_mirror(endpoints: core_pb2.Endpoints) -> bool:
    """The object is not opted out, and not a leader election lock."""
    meta = endpoints.metadata
    return meta.labels.get(SKIP_LABEL) != "true" and LEADER_ANNOTATION not in meta.annotations


def mirrored(endpoints: core_pb2.Endpoints) -> dict[Group, Endpoints]:
    """The endpoints of the slices, by slice group. Pure."""
    desired: dict[Group, Endpoints] = {}
    for subset in endpoints.subsets:
        ports = frozenset(map(_port, subset.ports))
        states = [(address, True) for address in subset.addresses]
        states += [(address, False) for address in subset.notReadyAddresses]
        _add(desired, ports, states[:MAX_ADDRESSES])
    return desired


def _left_out(endpoints: core_pb2.Endpoints | None) -> int:
    """How many addresses of an Endpoints object have no place in slices."""
    subsets = endpoints.subsets if endpoints is not None else ()
    return sum(max(0, len(subset.addresses) + len(subset.notReadyAddresses) - MAX_ADDRESSES) for subset in subsets)


def _port(port: core_pb2.EndpointPort) -> Port:
    app_protocol = port.appProtocol if port.HasField("appProtocol") else None
    return Port(port.name, port.protocol or "TCP", port.port, app_protocol)


def _add(
    desired: dict[Group, Endpoints], ports: frozenset[Port], states: Iterable[tuple[core_pb2.EndpointAddress, bool]]
) -> None:
    for address, ready in states:
        ip = canonical_address(address.ip)  # slices are read more strictly than Endpoints
        group = desired.setdefault(Group("IPv6" if ":" in ip else "IPv4", ports), {})
        endpoint = discovery_pb2.Endpoint(addresses=[ip], conditions=discovery_pb2.EndpointConditions(ready=ready))
        if address.hostname:
            endpoint.hostname = address.hostname
        if address.nodeName:
            endpoint.nodeName = address.nodeName
        if address.HasField("targetRef"):
            endpoint.targetRef.CopyFrom(address.targetRef)
        group[EndpointKey(address.targetRef.uid, ip)] = endpoint


def mirror_metadata(endpoints: core_pb2.Endpoints) -> meta_pb2.ObjectMeta:
    """The metadata of every slice of an Endpoints object. Pure."""
    meta = endpoints.metadata
    annotations = {key: value for key, value in meta.annotations.items() if key not in (LAST_APPLIED, OVER_CAPACITY)}
    owner = meta_pb2.OwnerReference(
        apiVersion="v1", kind="Endpoints", name=meta.name, uid=meta.uid, controller=True, blockOwnerDeletion=True
    )
    return meta_pb2.ObjectMeta(
        generateName=f"{meta.name}-",
        namespace=meta.namespace,
        labels=dict(meta.labels) | {SERVICE_NAME_LABEL: meta.name, MANAGED_BY_LABEL: MANAGED_BY},
        annotations=annotations,
        ownerReferences=[owner],
    )

"""Watches Services, pods and nodes; writes EndpointSlices."""

import asyncio

from apiserver.controllers.endpointslice import endpoints, packing, topology
from apiserver.controllers.endpointslice.trigger_time import ANNOTATION as TRIGGER_TIME
from apiserver.controllers.endpointslice.trigger_time import TriggerTimes
from apiserver.controllers.informers import SERVICE_NAME_LABEL, Informers
from protos import kinds
from protos.kubernetes import core_pb2, discovery_pb2, meta_pb2
from svclab.client import Client, Controller, EventRecorder, Key, errors
from svclab.client.clock import Clock

MANAGED_BY_LABEL = "endpointslice.kubernetes.io/managed-by"
MANAGED_BY = "endpointslice-controller.k8s.io"
HEADLESS_LABEL = "service.kubernetes.io/headless"

WORKERS = 8  # reconciles that wait for the store at the same time share its commits


class EndpointSliceController:
    """One reconcile makes the slices of one Service right. Services without a selector are left alone."""

    def __init__(self, client: Client, informers: Informers, recorder: EventRecorder, clock: Clock, size: int) -> None:
        self._client = client
        self._informers = informers
        self._recorder = recorder
        self._size = size
        self._trigger_times = TriggerTimes()
        self._auto_outcomes: dict[tuple[Key, str], bool] = {}
        self._written: dict[Key, str] = {}  # the revision of our last write for a Service
        read = (informers.services, informers.pods, informers.nodes, informers.slices)
        self._controller = Controller[Key]("endpointslice", self.reconcile, read, workers=WORKERS, clock=clock)
        informers.services.add_handler(lambda key, old, new: self._controller.queue.add(key))
        informers.pods.add_handler(self._pod_changed)
        informers.nodes.add_handler(self._node_changed)
        informers.slices.add_handler(self._slice_changed)

    async def run(self) -> None:
        """Works until cancelled."""
        await self._controller.run()

    async def reconcile(self, key: Key) -> None:
        """Makes the slices of a Service hold its endpoints; writes nothing where they do."""
        service = self._informers.services.lister.get(*key)
        if service is None:
            self._forget(key)
            return
        if not service.spec.selector or service.spec.type == "ExternalName":
            return
        await self._informers.slices.reached(self._written.pop(key, ""))
        changes = self._plan(key, service)
        if service.metadata.HasField("deletionTimestamp"):
            changes.create.clear()
        await self._write(key, service, changes)

    def _plan(self, key: Key, service: core_pb2.Service) -> packing.Changes:
        pods = self._informers.pods_of(service)
        nodes = {node.metadata.name: node for node in self._informers.nodes.lister.list()}
        desired = endpoints.desired_endpoints(service, pods, nodes)
        self._add_hints(key, service, desired, nodes)
        template = slice_metadata(service, self._trigger_times.newest_change(key, service, pods))
        existing = [slice for slice in self._informers.slices.lister.indexed("service", key) if is_ours(slice)]
        return packing.plan(desired, service.spec.ipFamilies, existing, template, self._size)

    def _add_hints(
        self,
        key: Key,
        service: core_pb2.Service,
        desired: dict[endpoints.Group, endpoints.Endpoints],
        nodes: dict[str, core_pb2.Node],
    ) -> None:
        if not topology.is_auto(service):
            for group in desired.values():
                topology.add_hints(service, group.values())
            return
        for family in service.spec.ipFamilies:
            groups = [there for group, there in desired.items() if group.address_type == family]
            outcome = topology.add_auto_hints(groups, nodes.values())
            if self._auto_outcomes.get((key, family)) is not outcome.enabled:
                self._auto_outcomes[key, family] = outcome.enabled
                self._tell_outcome(service, family, outcome)

    def _tell_outcome(self, service: core_pb2.Service, family: str, outcome: topology.Outcome) -> None:
        message = f"{outcome.message}, addressType: {family}"
        if outcome.enabled:
            self._recorder.event(service, "Normal", "TopologyAwareHintsEnabled", message)
        else:
            self._recorder.event(service, "Warning", "TopologyAwareHintsDisabled", message)

    async def _write(self, key: Key, service: core_pb2.Service, changes: packing.Changes) -> None:
        writes = [
            *(self._client.create(slice) for slice in changes.create),
            *(self._client.update(slice) for slice in changes.update),
            *(self._delete(slice) for slice in changes.delete),
        ]
        results = await asyncio.gather(*writes, return_exceptions=True)
        for result in results:
            if isinstance(result, discovery_pb2.EndpointSlice):
                self._written[key] = newest(self._written.get(key, ""), result.metadata.resourceVersion)
        for result in results:
            if isinstance(result, BaseException):
                self._failed(service, result)

    async def _delete(self, slice: discovery_pb2.EndpointSlice) -> None:
        try:
            meta = slice.metadata
            await self._client.delete(kinds.ENDPOINT_SLICES, meta.name, meta.namespace, uid=meta.uid)
        except errors.NotFound:
            return

    def _failed(self, service: core_pb2.Service, error: BaseException) -> None:
        """Raises the error, unless the namespace goes away with everything in it."""
        if isinstance(error, errors.Forbidden) and "NamespaceTerminating" in error.cause_reasons:
            return
        if isinstance(error, errors.ApiError) and not isinstance(error, errors.Conflict | errors.Unreachable):
            meta = service.metadata
            message = f"Error updating Endpoint Slices for Service {meta.namespace}/{meta.name}: {error}"
            self._recorder.event(service, "Warning", "FailedToUpdateEndpointSlices", message)
        raise error

    def _forget(self, key: Key) -> None:
        """The Service is gone; its slices follow by their owner references."""
        self._trigger_times.forget(key)
        self._written.pop(key, None)
        for family in ("IPv4", "IPv6"):
            self._auto_outcomes.pop((key, family), None)

    def _pod_changed(self, key: Key, old: core_pb2.Pod | None, new: core_pb2.Pod | None) -> None:
        if old and new and endpoints.relevant_facts(old) == endpoints.relevant_facts(new):
            return
        for pod in (old, new):
            if pod is not None:
                self._add_services_of(pod)

    def _add_services_of(self, pod: core_pb2.Pod) -> None:
        for service in self._informers.services_of(pod):
            self._controller.queue.add(Key(service.metadata.namespace, service.metadata.name))

    def _node_changed(self, key: Key, old: core_pb2.Node | None, new: core_pb2.Node | None) -> None:
        if old is None or new is None or zone_of(old) != zone_of(new):
            for pod in self._informers.pods.lister.indexed("node", key.name):
                self._add_services_of(pod)
        if old is None or new is None or topology.node_facts(old) != topology.node_facts(new):
            for service in self._informers.services.lister.list():
                if topology.is_auto(service):
                    self._controller.queue.add(Key(service.metadata.namespace, service.metadata.name))

    def _slice_changed(
        self, key: Key, old: discovery_pb2.EndpointSlice | None, new: discovery_pb2.EndpointSlice | None
    ) -> None:
        for slice in (old, new):
            if slice is not None and is_ours(slice):
                self._controller.queue.add(Key(key.namespace, slice.metadata.labels[SERVICE_NAME_LABEL]))


def slice_metadata(service: core_pb2.Service, trigger_time: str) -> meta_pb2.ObjectMeta:
    """The metadata of every slice of a Service."""
    meta = service.metadata
    labels = dict(meta.labels) | {SERVICE_NAME_LABEL: meta.name, MANAGED_BY_LABEL: MANAGED_BY}
    labels.pop(HEADLESS_LABEL, None)
    if service.spec.clusterIP == "None":
        labels[HEADLESS_LABEL] = ""
    owner = meta_pb2.OwnerReference(
        apiVersion="v1", kind="Service", name=meta.name, uid=meta.uid, controller=True, blockOwnerDeletion=True
    )
    return meta_pb2.ObjectMeta(
        generateName=f"{meta.name}-",
        namespace=meta.namespace,
        labels=labels,
        annotations={TRIGGER_TIME: trigger_time} if trigger_time else {},
        ownerReferences=[owner],
    )


def is_ours(slice: discovery_pb2.EndpointSlice) -> bool:
    """This controller wrote the slice; a slice that is being deleted counts no more."""
    return slice.metadata.labels.get(MANAGED_BY_LABEL) == MANAGED_BY and not slice.metadata.HasField(
        "deletionTimestamp"
    )


def zone_of(node: core_pb2.Node) -> str:
    """The node's zone; "" if it has none."""
    return node.metadata.labels.get(endpoints.ZONE_LABEL, "")


def newest(left: str, right: str) -> str:
    """The later of two revisions; "" is the earliest."""
    return max(left, right, key=lambda revision: int(revision or 0))

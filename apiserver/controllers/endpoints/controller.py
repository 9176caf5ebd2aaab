"""Watches Services and pods; writes Endpoints."""

from apiserver.controllers.endpoints.subsets import desired_subsets
from apiserver.controllers.informers import Informers
from protos import kinds
from protos.kubernetes import core_pb2, meta_pb2
from svclab.client import Client, Controller, EventRecorder, Key, errors
from svclab.client.clock import Clock

DELAY = 0.1  # seconds: changes of a Service within it are one write, and the slices are written first
HEADLESS_LABEL = "service.kubernetes.io/headless"
MANAGED_BY_LABEL = "endpoints.kubernetes.io/managed-by"
MANAGED_BY = "endpoint-controller"
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"


class EndpointsController:
    """One reconcile makes the Endpoints object of one Service right. Services without a selector are left alone."""

    def __init__(self, client: Client, informers: Informers, recorder: EventRecorder, clock: Clock) -> None:
        self._client = client
        self._informers = informers
        self._recorder = recorder
        read = (informers.services, informers.pods, informers.endpoints)
        self._controller = Controller[Key]("endpoints", self.reconcile, read, clock=clock)
        informers.services.add_handler(lambda key, old, new: self._later(key))
        informers.pods.add_handler(self._pod_changed)
        informers.endpoints.add_handler(self._endpoints_changed)

    async def run(self) -> None:
        """Works until cancelled."""
        await self._controller.run()

    async def reconcile(self, key: Key) -> None:
        """Makes the Endpoints object equal to the Service's pods; deletes it with its Service."""
        service = self._informers.services.lister.get(*key)
        known = self._informers.endpoints.lister.get(*key)
        if service is None:
            await self._delete(key, known)
            return
        if not service.spec.selector or service.spec.type == "ExternalName":
            return
        desired = _desired(service, self._informers.pods_of(service), known)
        if known is not None and desired == known:
            return
        try:
            await (self._client.create(desired) if known is None else self._client.update(desired))
        except errors.Forbidden as error:
            if "NamespaceTerminating" not in error.cause_reasons:
                raise

    async def _delete(self, key: Key, known: core_pb2.Endpoints | None) -> None:
        if known is None:
            return
        try:
            await self._client.delete(kinds.ENDPOINTS, key.name, key.namespace, uid=known.metadata.uid)
        except errors.NotFound:
            return

    def _later(self, key: Key) -> None:
        self._controller.queue.add_after(key, DELAY)

    def _pod_changed(self, key: Key, old: core_pb2.Pod | None, new: core_pb2.Pod | None) -> None:
        for pod in (old, new):
            for service in self._informers.services_of(pod) if pod is not None else ():
                self._later(Key(service.metadata.namespace, service.metadata.name))

    def _endpoints_changed(self, key: Key, old: core_pb2.Endpoints | None, new: core_pb2.Endpoints | None) -> None:
        if (new or old or core_pb2.Endpoints()).metadata.labels.get(MANAGED_BY_LABEL) == MANAGED_BY:
            self._later(key)


def _desired(
    service: core_pb2.Service, pods: list[core_pb2.Pod], known: core_pb2.Endpoints | None
) -> core_pb2.Endpoints:
    subsets, truncated = desired_subsets(service, pods)
    desired = core_pb2.Endpoints()
    if known is not None:
        desired.CopyFrom(known)
    else:
        desired.metadata.CopyFrom(meta_pb2.ObjectMeta(name=service.metadata.name, namespace=service.metadata.namespace))
    del desired.subsets[:]
    desired.subsets.extend(subsets)
    desired.metadata.labels.clear()
    desired.metadata.labels.update(dict(service.metadata.labels) | {MANAGED_BY_LABEL: MANAGED_BY})
    desired.metadata.labels.pop(HEADLESS_LABEL, None)
    if service.spec.clusterIP == "None":
        desired.metadata.labels[HEADLESS_LABEL] = ""
    desired.metadata.annotations.pop(OVER_CAPACITY, None)
    if truncated:
        desired.metadata.annotations[OVER_CAPACITY] = "truncated"
    return desired

"""The service controller: makes each LoadBalancer Service's load balancer match the Service, with Kubernetes' events.

The finalizer is written before an address is taken, and taken off after it is free: a crash at any step leaves a state
from which the same reconcile goes on.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from cloud_controller import request as requests
from cloud_controller.faults import CloudError
from cloud_controller.pool import Address
from cloud_controller.provider import Provider
from cloud_controller.request import CLEANUP_FINALIZER, LoadBalancerRequest, Mode
from protos import kinds
from protos.kubernetes import core_pb2
from svclab.client.client import Client
from svclab.client.controller import Controller, Result, Retry
from svclab.client.events import EventRecorder
from svclab.client.informer import Informer
from svclab.client.lister import Key, key_of

RETRY_SECONDS = 5.0  # the first pause after an error of the cloud; it doubles
LONGEST_RETRY_SECONDS = 300.0


class ServiceController:
    """Reconciles Services; `changed()` is called when the set of load balancers may be another.

    `balancers`: what is provisioned, by Service key. `retry_scale` shortens every pause after an error.
    """

    def __init__(
        self,
        client: Client,
        services: Informer[core_pb2.Service],
        provider: Provider,
        events: EventRecorder,
        changed: Callable[[], None],
        *,
        load_balancer_class: str = "",
        default_mode: Mode = "vip",
        retry_scale: float = 1.0,
    ) -> None:
        self.balancers: dict[Key, tuple[LoadBalancerRequest, tuple[Address, ...]]] = {}
        self._client = client
        self._services = services
        self._provider = provider
        self._events = events
        self._changed = changed
        self._class = load_balancer_class
        self._default_mode: Mode = default_mode
        self._retry_scale = retry_scale
        self._failures: dict[Key, int] = {}
        self._unsettled: set[Key] = set()
        self._settled = asyncio.Event()
        self._waiting: set[Key] = set()  # for an address: served as soon as one is free
        self.controller: Controller[Key] = Controller("service-controller", self._reconcile, [services])
        services.add_handler(self._service_changed)

    async def run(self) -> None:
        """Works until cancelled. What Services had that vanished while nobody looked is freed first."""
        await self._services.synced()
        services = self._services.lister.list()
        self._provider.keep_only({service.metadata.uid for service in services})
        self._unsettled = {key_of(service) for service in services}
        self._check_settled()
        await self.controller.run()

    async def settled(self) -> None:
        """Returns when each Service that was there at the start has been looked at once."""
        await self._settled.wait()

    def again(self) -> None:
        """Looks at every Service again."""
        for service in self._services.lister.list():
            self.controller.queue.add(key_of(service))

    def _check_settled(self) -> None:
        if not self._unsettled:
            self._settled.set()

    def _service_changed(self, key: Key, old: core_pb2.Service | None, new: core_pb2.Service | None) -> None:
        if old is not None and (new is None or new.metadata.uid != old.metadata.uid):
            self._provider.delete(old.metadata.uid)  # somebody took the finalizer off by hand
        self.controller.queue.add(key)

    async def _reconcile(self, key: Key) -> Result | None:
        try:
            return await self._reconcile_service(key)
        finally:
            self._unsettled.discard(key)
            self._check_settled()

    async def _reconcile_service(self, key: Key) -> Result | None:
        service = self._services.lister.get(*key)
        if service is None:
            self._forget(key)
        elif requests.needs_cleanup(service):
            await self._clean_up(key, service)
        elif requests.wants_load_balancer(service, self._class):
            await self._ensure(key, service)
        else:
            self._forget(key)
        return None

    async def _ensure(self, key: Key, service: core_pb2.Service) -> None:
        if CLEANUP_FINALIZER not in service.metadata.finalizers:
            await self._set_finalizers(service, [*service.metadata.finalizers, CLEANUP_FINALIZER])
            return  # the change comes back as an event, and with it the next step
        known = self.balancers.get(key)
        try:
            request = requests.read(service, self._default_mode)
            if known is None or known[0] != request:
                self._events.event(service, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer")
            addresses = self._provider.ensure(request)
        except (CloudError, ValueError) as error:
            self._fail(key, service, error)
        self._failures.pop(key, None)
        self._waiting.discard(key)
        self.balancers[key] = (request, addresses)
        self._changed()
        await self._publish(service, request, addresses)
        if known != (request, addresses):
            self._events.event(service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer")

    def _fail(self, key: Key, service: core_pb2.Service, error: CloudError | ValueError) -> None:
        """Says why the Service stays pending, and comes back: when the cloud said so, else later and later."""
        self._events.event(service, "Warning", "SyncLoadBalancerFailed", f"Error syncing load balancer: {error}")
        self._waiting.add(key)
        count = self._failures[key] = self._failures.get(key, 0) + 1
        after = getattr(error, "retry", None)
        if after is None:
            after = min(RETRY_SECONDS * 2 ** (count - 1), LONGEST_RETRY_SECONDS) * self._retry_scale
        raise Retry(str(error), after=after)

    async def _clean_up(self, key: Key, service: core_pb2.Service) -> None:
        self._events.event(service, "Normal", "DeletingLoadBalancer", "Deleting load balancer")
        self._provider.delete(service.metadata.uid)
        self._forget(key)
        if service.status.loadBalancer.ingress:
            await self._publish(service, None, ())
        await self._set_finalizers(service, [name for name in service.metadata.finalizers if name != CLEANUP_FINALIZER])
        self._events.event(service, "Normal", "DeletedLoadBalancer", "Deleted load balancer")
        for waiting in self._waiting:
            self.controller.queue.add(waiting)

    def _forget(self, key: Key) -> None:
        self._failures.pop(key, None)
        self._waiting.discard(key)
        if self.balancers.pop(key, None) is not None:
            self._changed()

    async def _publish(
        self, service: core_pb2.Service, request: LoadBalancerRequest | None, addresses: tuple[Address, ...]
    ) -> None:
        """Writes status.loadBalancer, where it is not that already."""
        mode = "VIP" if request is None or request.mode == "vip" else "Proxy"
        desired = [core_pb2.LoadBalancerIngress(ip=str(address), ipMode=mode) for address in addresses]
        if list(service.status.loadBalancer.ingress) == desired:
            return
        ingress: list[dict[str, Any]] = [{"ip": entry.ip, "ipMode": entry.ipMode} for entry in desired]
        await self._client.patch(
            kinds.SERVICES,
            service.metadata.name,
            service.metadata.namespace,
            {"status": {"loadBalancer": {"ingress": ingress}}},
            type="merge",
            subresource="status",
        )

    async def _set_finalizers(self, service: core_pb2.Service, finalizers: list[str]) -> None:
        """The resourceVersion in the patch keeps finalizers that others write at the same time."""
        patch = {"metadata": {"resourceVersion": service.metadata.resourceVersion, "finalizers": finalizers}}
        meta = service.metadata
        await self._client.patch(kinds.SERVICES, meta.name, meta.namespace, patch, type="merge")

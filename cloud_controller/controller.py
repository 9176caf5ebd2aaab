"""The service controller: makes each LoadBalancer Service's load balancer match the Service, with Kubernetes' events.

The finalizer is written before an address is taken, and taken off after it is free: a crash at any step leaves a state
from which the same reconcile goes on.
"""

import asyncio
from collections.abc import Callable
from typing import NoReturn

from cloud_controller import changes, publishing
from cloud_controller import request as requests
from cloud_controller.backends import Backend
from cloud_controller.faults import AddressLost, CloudError
from cloud_controller.pending import Pending
from cloud_controller.pool import Address
from cloud_controller.provider import Provider
from cloud_controller.request import CLEANUP_FINALIZER, FAULT_ANNOTATION, LoadBalancerRequest, Mode
from protos.kubernetes import core_pb2
from svclab.client.client import Client
from svclab.client.controller import Controller, Result, Retry
from svclab.client.events import EventRecorder
from svclab.client.informer import Informer
from svclab.client.lister import Key, key_of


class ServiceController:
    """Reconciles Services; `changed()` is called when the set of load balancers may be another.

    `nodes()`: behind every load balancer. `balancers`: what is provisioned, by Service key. `retry_scale` shortens
    every pause after an error.
    """

    def __init__(
        self,
        client: Client,
        services: Informer[core_pb2.Service],
        provider: Provider,
        events: EventRecorder,
        changed: Callable[[], None],
        nodes: Callable[[], tuple[Backend, ...]],
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
        self._nodes = nodes
        self._class = load_balancer_class
        self._default_mode: Mode = default_mode
        self._pending = Pending(retry_scale)
        self._unsettled: set[Key] = set()
        self._settled = asyncio.Event()
        self._due: set[Key] = set()  # changed in what makes a load balancer be ensured anew
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
            self._provider.forget(old.metadata.uid)  # somebody took the finalizer off by hand
            self._address_is_free()
        if old is not None and new is not None and (note := changes.change(old, new, self._class)):
            self._due.add(key)
            if note.reason:
                self._events.event(new, "Normal", *note)
        self.controller.queue.add(key)

    def nodes_changed(self) -> None:
        """Other nodes are behind every load balancer now."""
        for key in self.balancers:
            if (service := self._services.lister.get(*key)) is not None:
                if self._nodes():
                    self._events.event(service, "Normal", "UpdatedLoadBalancer", "Updated load balancer with new hosts")
                else:
                    self._warn_of_no_nodes(service)

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
        elif requests.needs_cleanup(service, self._class):
            await self._clean_up(key, service)
        elif requests.wants_load_balancer(service, self._class):
            await self._ensure(key, service)
        else:
            self._forget(key)
        return None

    async def _ensure(self, key: Key, service: core_pb2.Service) -> None:
        if CLEANUP_FINALIZER not in service.metadata.finalizers:
            await publishing.set_finalizers(self._client, service, [*service.metadata.finalizers, CLEANUP_FINALIZER])
            return  # the change comes back as an event, and with it the next step
        known = self.balancers.get(key)
        try:
            request = requests.read(service, self._default_mode)
            is_news = known is None or known[0] != request or key in self._due
            if is_news:
                self._events.event(service, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer")
            addresses = self._provider.ensure(request)
        except AddressLost as error:
            await self._lose(key, service)
            self._fail(key, service, error)
        except CloudError as error:
            self._keep(key, request)
            self._fail(key, service, error)
        except ValueError as error:
            self._fail(key, service, error)
        if is_news and not self._nodes():
            self._warn_of_no_nodes(service)
        self._pending.done(key)
        self._due.discard(key)
        self.balancers[key] = (request, addresses)
        self._changed()
        await publishing.publish(self._client, service, request.mode, addresses)
        if is_news or known != (request, addresses):
            self._events.event(service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer")
        if known is not None and {*known[1]} - {*addresses}:
            self._address_is_free()

    def _keep(self, key: Key, request: LoadBalancerRequest) -> None:
        """What a Service has it keeps while the cloud refuses a change, also over a crash."""
        held = self._provider.held(request.uid)
        if held and key not in self.balancers:
            self.balancers[key] = (request, held)
            self._changed()

    async def _lose(self, key: Key, service: core_pb2.Service) -> None:
        """The Service has no address for now."""
        if self.balancers.pop(key, None) is not None:
            self._changed()
            self._address_is_free()
        await publishing.publish(self._client, service, "vip", ())

    def _fail(self, key: Key, service: core_pb2.Service, error: Exception, what: str = "ensure") -> NoReturn:
        """Says why the Service stays as it is, and comes back: when the cloud said so, else later and later."""
        text = f"Error syncing load balancer: failed to {what} load balancer: {error}"
        self._events.event(service, "Warning", "SyncLoadBalancerFailed", text)
        raise Retry(str(error), after=self._pending.failed(key, error))

    def _warn_of_no_nodes(self, service: core_pb2.Service) -> None:
        text = "There are no available nodes for LoadBalancer"
        self._events.event(service, "Warning", "UnAvailableLoadBalancer", text)

    async def _clean_up(self, key: Key, service: core_pb2.Service) -> None:
        self._events.event(service, "Normal", "DeletingLoadBalancer", "Deleting load balancer")
        try:
            self._provider.delete(service.metadata.uid, service.metadata.annotations.get(FAULT_ANNOTATION, ""))
        except CloudError as error:
            self._fail(key, service, error, "delete")
        self._forget(key)
        await publishing.publish(self._client, service, "vip", ())
        others = [name for name in service.metadata.finalizers if name != CLEANUP_FINALIZER]
        await publishing.set_finalizers(self._client, service, others)
        self._events.event(service, "Normal", "DeletedLoadBalancer", "Deleted load balancer")
        self._address_is_free()

    def _address_is_free(self) -> None:
        for key in self._pending.services():
            self.controller.queue.add(key)

    def _forget(self, key: Key) -> None:
        self._pending.done(key)
        self._due.discard(key)
        if self.balancers.pop(key, None) is not None:
            self._changed()

"""Watches pods, Services and nodes; keeps the cluster's DNS there."""

from apiserver.controllers.addons import dns
from apiserver.controllers.informers import Informers
from apiserver.controllers.settings import ClusterDns
from protos import kinds
from protos.kubernetes import core_pb2
from svclab.client import Client, Controller, Key, errors
from svclab.client.clock import Clock

KEY = Key(dns.NAMESPACE, dns.NAME)


class AddonController:
    """One reconcile makes what is missing of the DNS. What users change of it stays as they want it."""

    def __init__(self, client: Client, informers: Informers, clock: Clock, settings: ClusterDns) -> None:
        self._client = client
        self._informers = informers
        self._settings = settings
        watched = (informers.pods, informers.services, informers.nodes)
        self._controller = Controller[Key]("addons", self.reconcile, watched, workers=1, clock=clock)
        informers.pods.add_handler(self._pod_changed)
        informers.services.add_handler(self._service_changed)
        informers.nodes.add_handler(self._node_changed)

    async def run(self) -> None:
        """Works until cancelled."""
        self._controller.queue.add(KEY)
        await self._controller.run()

    async def reconcile(self, key: Key) -> None:
        """Starts and ends servers until there are as many as asked for, at most one a node."""
        if self._informers.services.lister.get(*key) is None:
            await self._create(dns.service(self._settings))
        pods = [pod for pod in self._informers.pods.lister.list() if is_server(pod)]
        wanted = min(self._settings.replicas, len(self._informers.nodes.lister.list()))
        for name in dns.missing(pods, wanted):
            await self._create(dns.pod(name, self._settings))
        for pod in dns.surplus(pods, wanted):
            await self._delete(pod)

    async def _create(self, obj: core_pb2.Pod | core_pb2.Service) -> None:
        try:
            await self._client.create(obj)
        except errors.AlreadyExists:
            return  # what was seen is not yet what is

    async def _delete(self, pod: core_pb2.Pod) -> None:
        try:
            await self._client.delete(kinds.PODS, pod.metadata.name, pod.metadata.namespace, uid=pod.metadata.uid)
        except (errors.NotFound, errors.Conflict):
            return

    def _pod_changed(self, key: Key, old: core_pb2.Pod | None, new: core_pb2.Pod | None) -> None:
        before, after = (pod is not None and is_server(pod) and not dns.is_leaving(pod) for pod in (old, new))
        if before != after:
            self._controller.queue.add(KEY)

    def _service_changed(self, key: Key, old: core_pb2.Service | None, new: core_pb2.Service | None) -> None:
        if key == KEY and new is None:
            self._controller.queue.add(KEY)

    def _node_changed(self, key: Key, old: core_pb2.Node | None, new: core_pb2.Node | None) -> None:
        if old is None or new is None:
            self._controller.queue.add(KEY)


def is_server(pod: core_pb2.Pod) -> bool:
    """Whether a pod is one of the cluster's DNS servers."""
    labels = pod.metadata.labels.items()
    return pod.metadata.namespace == dns.NAMESPACE and dns.LABELS.items() <= labels

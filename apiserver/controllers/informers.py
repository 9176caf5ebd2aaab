"""One informer of each kind, shared by all loops that read it."""

import asyncio
from collections.abc import Iterator
from typing import Any

from protos import kinds
from protos.kinds import Kind
from protos.kubernetes import coordination_pb2, core_pb2, discovery_pb2
from svclab.client import Client, Informer
from svclab.client.lister import Indexer

SERVICE_NAME_LABEL = "kubernetes.io/service-name"

LabelPair = tuple[str, str, str]  # namespace, key, value


def pod_labels(pod: core_pb2.Pod) -> Iterator[LabelPair]:
    """A pod is found by each of its labels."""
    return ((pod.metadata.namespace, key, value) for key, value in pod.metadata.labels.items())


def service_selector(service: core_pb2.Service) -> list[LabelPair]:
    """A Service is found by one pair of its selector, which every pod that it matches must have."""
    if not service.spec.selector or service.spec.type == "ExternalName":
        return []
    return [(service.metadata.namespace, *min(service.spec.selector.items()))]


def pod_node(pod: core_pb2.Pod) -> list[str]:
    """A pod is found by its node; one without a node by ""."""
    return [pod.spec.nodeName]


def slice_service(slice: discovery_pb2.EndpointSlice) -> list[tuple[str, str]]:
    """A slice is found by the (namespace, name) of its Service."""
    name = slice.metadata.labels.get(SERVICE_NAME_LABEL)
    return [(slice.metadata.namespace, name)] if name else []


def owner_uids(obj: Any) -> list[str]:
    """An object is found by the uids of its owners."""
    return [owner.uid for owner in obj.metadata.ownerReferences]


class Informers:
    """What the cluster's loops read. Each lister has the index "owner"."""

    def __init__(self, client: Client) -> None:
        owner: dict[str, Indexer[Any]] = {"owner": owner_uids}
        self.config_maps = Informer[core_pb2.ConfigMap](client, kinds.CONFIG_MAPS, indexers=owner)
        self.endpoints = Informer[core_pb2.Endpoints](client, kinds.ENDPOINTS, indexers=owner)
        self.leases = Informer[coordination_pb2.Lease](client, kinds.LEASES, indexers=owner)
        self.namespaces = Informer[core_pb2.Namespace](client, kinds.NAMESPACES, indexers=owner)
        self.nodes = Informer[core_pb2.Node](client, kinds.NODES, indexers=owner)
        self.pods = Informer[core_pb2.Pod](
            client, kinds.PODS, indexers=owner | {"labels": pod_labels, "node": pod_node}
        )
        self.services = Informer[core_pb2.Service](
            client, kinds.SERVICES, indexers=owner | {"selector": service_selector}
        )
        self.slices = Informer[discovery_pb2.EndpointSlice](
            client, kinds.ENDPOINT_SLICES, indexers=owner | {"service": slice_service}
        )

    def by_kind(self) -> dict[Kind, Informer[Any]]:
        """Each informer by the kind that it follows."""
        return {informer.kind: informer for informer in vars(self).values()}

    async def run(self) -> None:
        """Follows all kinds until cancelled."""
        async with asyncio.TaskGroup() as group:
            for informer in self.by_kind().values():
                group.create_task(informer.run())

    def pods_of(self, service: core_pb2.Service) -> list[core_pb2.Pod]:
        """The pods that a Service's selector matches."""
        pairs = [(service.metadata.namespace, key, value) for key, value in service.spec.selector.items()]
        candidates = min((self.pods.lister.indexed("labels", pair) for pair in pairs), key=len, default=[])
        return [pod for pod in candidates if selects(service, pod)]

    def services_of(self, pod: core_pb2.Pod) -> list[core_pb2.Service]:
        """The Services whose selectors match a pod."""
        services = self.services.lister
        found = (service for pair in pod_labels(pod) for service in services.indexed("selector", pair))
        return [service for service in found if selects(service, pod)]


def selects(service: core_pb2.Service, pod: core_pb2.Pod) -> bool:
    """The Service's selector matches the pod, in the same namespace."""
    labels = pod.metadata.labels
    return service.metadata.namespace == pod.metadata.namespace and all(
        labels.get(key) == value for key, value in service.spec.selector.items()
    )

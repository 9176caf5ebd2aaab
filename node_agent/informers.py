"""What a node watches."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from protos import kinds
from protos.kubernetes import core_pb2, discovery_pb2
from svclab.client import Client, Informer


@dataclass(frozen=True)
class Informers:
    """The local copies; `pods` are this node's only."""

    nodes: Informer[core_pb2.Node]
    services: Informer[core_pb2.Service]
    slices: Informer[discovery_pb2.EndpointSlice]
    pods: Informer[core_pb2.Pod]

    @classmethod
    def of(cls, client: Client, node_name: str) -> "Informers":
        return cls(
            Informer(client, kinds.NODES),
            Informer(client, kinds.SERVICES),
            Informer(client, kinds.ENDPOINT_SLICES),
            Informer(client, kinds.PODS, field_selector=f"spec.nodeName={node_name}"),
        )

    def all(self) -> Iterable[Informer[Any]]:
        return (self.nodes, self.services, self.slices, self.pods)

"""What a description tells of other objects: read from the server when a description asks for it."""

from typing import Any

from protos.kinds import ENDPOINT_SLICES, EVENTS, LEASES, PODS, kind_of
from svclab.cli.errors import is_not_found

_SERVICE_NAME = "kubernetes.io/service-name"


class Related:
    """The objects around the described one."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def events(self, obj: Any) -> list[Any]:
        """The events about an object. A node's events name it without a uid, so they are matched by name alone."""
        kind, metadata = kind_of(obj), obj.metadata
        terms = {"involvedObject.name": metadata.name, "involvedObject.kind": kind.kind}
        if kind.namespaced:
            terms |= {"involvedObject.namespace": metadata.namespace, "involvedObject.uid": metadata.uid}
        selector = ",".join(f"{path}={value}" for path, value in terms.items())
        found: list[Any] = self._client.list(EVENTS, metadata.namespace, field_selector=selector).items
        return found

    def slices(self, service: Any) -> list[Any]:
        """The EndpointSlices of a Service."""
        metadata = service.metadata
        selector = f"{_SERVICE_NAME}={metadata.name}"
        found: list[Any] = self._client.list(ENDPOINT_SLICES, metadata.namespace, label_selector=selector).items
        return found

    def pods_on(self, node: Any) -> list[Any]:
        """The pods of a node that have not ended."""
        selector = f"spec.nodeName={node.metadata.name},status.phase!=Succeeded,status.phase!=Failed"
        found: list[Any] = self._client.list(PODS, field_selector=selector).items
        return found

    def lease(self, node: Any) -> Any:
        """The Lease that a node renews; None if there is none."""
        from svclab.client.errors import ApiError

        try:
            return self._client.get(LEASES, node.metadata.name, "kube-node-lease")
        except ApiError as error:
            if is_not_found(error):
                return None
            raise

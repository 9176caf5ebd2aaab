"""Events: an Event stands in the namespace of the object that it is about."""

from apiserver.registry.field_errors import FieldError, invalid
from apiserver.registry.strategy import Strategy
from protos.kinds import EVENTS
from protos.kubernetes.core_pb2 import Event

# Where Events about objects without a namespace stand.
_CLUSTER_NAMESPACES = ("default", "kube-system")


class EventStrategy(Strategy):
    """Events."""

    def __init__(self) -> None:
        super().__init__(EVENTS)

    def validate(self, new: Event) -> list[FieldError]:
        path, involved, own = "involvedObject.namespace", new.involvedObject.namespace, new.metadata.namespace
        if involved != own and (involved or own not in _CLUSTER_NAMESPACES):
            return [invalid(path, involved, "does not match event.namespace")]
        return []

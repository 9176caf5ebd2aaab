"""The kinds that the API serves: one row each, for every layer that maps a kind to its names and its message."""

from dataclasses import dataclass
from functools import cached_property
from importlib import import_module

from google.protobuf.message import Message


@dataclass(frozen=True)
class Kind:
    """One kind of object, in the words of Kubernetes' API discovery (meta.v1.APIResource)."""

    api_version: str  # "v1", "discovery.k8s.io/v1"
    kind: str  # "EndpointSlice"
    resource: str  # "endpointslices": the plural, lower case, unique here
    singular: str
    short_names: tuple[str, ...]
    namespaced: bool
    module: str  # the generated module under protos.kubernetes that holds the message
    in_all: bool = False  # `get all` shows it

    @property
    def group(self) -> str:
        """The API group: "" for the core group, else such as discovery.k8s.io."""
        return self.api_version.rpartition("/")[0]

    @property
    def qualified(self) -> str:
        """How results name the kind: service, endpointslice.discovery.k8s.io."""
        return f"{self.singular}.{self.group}" if self.group else self.singular

    @cached_property
    def message(self) -> type[Message]:
        """The generated class; its module is imported on first use, which keeps the CLI's start short."""
        found: type[Message] = getattr(import_module(f"protos.kubernetes.{self.module}"), self.kind)
        return found


def _core(
    kind: str, resource: str, short: tuple[str, ...] = (), *, namespaced: bool = True, in_all: bool = False
) -> Kind:
    return Kind("v1", kind, resource, kind.lower(), short, namespaced, "core_pb2", in_all)


NAMESPACES = _core("Namespace", "namespaces", ("ns",), namespaced=False)
NODES = _core("Node", "nodes", ("no",), namespaced=False)
PODS = _core("Pod", "pods", ("po",), in_all=True)
SERVICES = _core("Service", "services", ("svc",), in_all=True)
ENDPOINTS = _core("Endpoints", "endpoints", ("ep",))
EVENTS = _core("Event", "events", ("ev",))
CONFIG_MAPS = _core("ConfigMap", "configmaps", ("cm",))
ENDPOINT_SLICES = Kind(
    "discovery.k8s.io/v1", "EndpointSlice", "endpointslices", "endpointslice", (), True, "discovery_pb2"
)
LEASES = Kind("coordination.k8s.io/v1", "Lease", "leases", "lease", (), True, "coordination_pb2")

KINDS: tuple[Kind, ...] = (
    CONFIG_MAPS,
    ENDPOINTS,
    EVENTS,
    NAMESPACES,
    NODES,
    PODS,
    SERVICES,
    LEASES,
    ENDPOINT_SLICES,
)

BY_RESOURCE: dict[str, Kind] = {kind.resource: kind for kind in KINDS}
BY_TYPE_META: dict[tuple[str, str], Kind] = {(kind.api_version, kind.kind): kind for kind in KINDS}


def kind_of(message: Message) -> Kind:
    """The kind of an object. Raises KeyError for a message that is not a kind of the API."""
    return BY_MESSAGE_NAME[message.DESCRIPTOR.name]


BY_MESSAGE_NAME: dict[str, Kind] = {kind.kind: kind for kind in KINDS}


def find_kind(word: str) -> Kind | None:
    """The kind that a user means by `svc`, `service`, `services`, `endpointslices.discovery.k8s.io`; None if none."""
    name, _, group = word.lower().partition(".")
    for kind in KINDS:
        if name in (kind.resource, kind.singular, *kind.short_names) and group in ("", kind.group):
            return kind
    return None

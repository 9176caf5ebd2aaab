"""Which endpoints a node's proxy chooses among, and why not the others (KEP-1669, KEP-2433, KEP-4444)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from protos.addresses import canonical_address
from protos.kubernetes import core_pb2, discovery_pb2
from svclab.trace.world import Node, World

SERVICE_NAME_LABEL = "kubernetes.io/service-name"


@dataclass(frozen=True)
class Endpoint:
    """One address and port behind a port of a Service; `pod` is its targetRef, "" if it is none."""

    address: str
    port: int
    ready: bool = True
    serving: bool = True
    terminating: bool = False
    node: str = ""
    pod: str = ""
    hostname: str = ""
    for_zones: tuple[str, ...] = ()
    for_nodes: tuple[str, ...] = ()

    @property
    def is_fallback(self) -> bool:
        """Used where no endpoint is ready: it is being deleted, and still answers."""
        return self.serving and self.terminating and not self.ready


@dataclass(frozen=True)
class Considered:
    """What became of one endpoint; `field` is what decided it."""

    endpoint: Endpoint
    kept: bool
    reason: str
    field: str


def endpoints_of(world: World, service: core_pb2.Service, port_name: str, protocol: str, like: str) -> list[Endpoint]:
    """All endpoints of a Service's port in the family of the address `like`, by address; each address and port once."""
    kind = "IPv6" if ":" in like else "IPv4"
    found: dict[tuple[str, int], Endpoint] = {}
    for slice_ in world.slices:
        if slice_.addressType == kind and belongs(slice_, service):
            for one in _matching(slice_, port_name, protocol):
                key = (one.address, one.port)
                if key not in found or one.ready:
                    found[key] = one
    return [found[key] for key in sorted(found)]


def _matching(slice_: discovery_pb2.EndpointSlice, port_name: str, protocol: str) -> Iterator[Endpoint]:
    """The endpoints of a slice for a port: it is the port's name that links a Service and its slices."""
    for port in slice_.ports:
        if port.name == port_name and (port.protocol or "TCP") == protocol and port.port:
            yield from (_endpoint(item, port.port) for item in slice_.endpoints if item.addresses)


def published(world: World, service: core_pb2.Service) -> list[Endpoint]:
    """The endpoints that a headless Service's name stands for: every ready one, whatever its ports; IPv4 first."""
    slices = [slice_ for slice_ in world.slices if slice_.addressType != "FQDN" and belongs(slice_, service)]
    found = [_endpoint(item, 0) for slice_ in slices for item in slice_.endpoints if item.addresses]
    return sorted((one for one in found if one.ready), key=lambda one: (":" in one.address, one.address))


def belongs(slice_: discovery_pb2.EndpointSlice, service: core_pb2.Service) -> bool:
    """Whether a slice says that it is the Service's."""
    named = slice_.metadata.labels.get(SERVICE_NAME_LABEL)
    return named == service.metadata.name and slice_.metadata.namespace == service.metadata.namespace


def _endpoint(item: discovery_pb2.Endpoint, port: int) -> Endpoint:
    """Conditions that are not said: ready, serving as it is ready, not terminating."""
    ready = item.conditions.ready if item.conditions.HasField("ready") else True
    return Endpoint(
        address=canonical_address(item.addresses[0]),
        port=port,
        ready=ready,
        serving=item.conditions.serving if item.conditions.HasField("serving") else ready,
        terminating=item.conditions.terminating,
        node=item.nodeName,
        pod=f"{item.targetRef.namespace}/{item.targetRef.name}" if item.targetRef.kind == "Pod" else "",
        hostname=item.hostname,
        for_zones=tuple(zone.name for zone in item.hints.forZones),
        for_nodes=tuple(node.name for node in item.hints.forNodes),
    )


def anybody_serves(endpoints: Sequence[Endpoint]) -> bool:
    """Whether the Service has an endpoint anywhere: "none at all" is refused, "none here" is dropped."""
    return any(one.ready or one.is_fallback for one in endpoints)


def consider(endpoints: Sequence[Endpoint], node: Node, local_field: str = "") -> list[Considered]:
    """Each endpoint with its fate on a node. `local_field`: the policy field that says Local, "" if none does."""
    near = [one for one in endpoints if not local_field or one.node == node.name]
    ready = [one for one in near if one.ready]
    hinted, hint_text, hint_field = (ready, "", "") if local_field else _by_topology(ready, node)
    fallback = [] if ready else [one for one in near if one.is_fallback]
    out = []
    for one in endpoints:
        if not one.ready and not one.is_fallback:
            out.append(_unusable(one))
        elif one not in near:
            policy = local_field.removeprefix("spec.")
            out.append(Considered(one, False, f"not on {node.name}, and {policy} is Local", local_field))
        elif one in fallback:
            here = f" on {node.name}" if local_field else ""
            reason = f"terminating, but it still serves and no endpoint{here} is ready"
            out.append(Considered(one, True, reason, "endpoints[].conditions.serving"))
        elif not one.ready:
            reason = "terminating, and there are ready endpoints"
            out.append(Considered(one, False, reason, "endpoints[].conditions.terminating"))
        elif one not in hinted:
            out.append(Considered(one, False, f"its hints {_hints(one)}, and {hint_text}", hint_field))
        else:
            near_by = f", and its hints {_hints(one)}" if hint_text else ""
            out.append(Considered(one, True, f"ready{near_by}", "endpoints[].conditions.ready"))
    return out


def _unusable(one: Endpoint) -> Considered:
    if one.terminating:
        return Considered(one, False, "terminating, and it serves no longer", "endpoints[].conditions.serving")
    return Considered(one, False, "not ready", "endpoints[].conditions.ready")


def _by_topology(ready: Sequence[Endpoint], node: Node) -> tuple[Sequence[Endpoint], str, str]:
    """Those whose hints name this node, else its zone, and what to say of the others. One without hints: all."""
    if ready and all(one.for_nodes for one in ready):
        here = [one for one in ready if node.name in one.for_nodes]
        if here:
            return here, f"this is {node.name}", "endpoints[].hints.forNodes"
    if ready and node.zone and all(one.for_zones for one in ready):
        here = [one for one in ready if node.zone in one.for_zones]
        if here:
            return here, f"{node.name} is in zone {node.zone}", "endpoints[].hints.forZones"
    return ready, "", ""


def _hints(one: Endpoint) -> str:
    named = [f"node {name}" for name in one.for_nodes] or [f"zone {name}" for name in one.for_zones]
    return f"name {', '.join(named)}"

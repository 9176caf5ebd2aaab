"""Why no endpoint serves a connection: none here, none ready, or none at all; and which field is to blame."""

from protos.kubernetes import core_pb2
from svclab.trace.endpoints import Endpoint, anybody_serves, belongs
from svclab.trace.hits import Claim, cluster_ips
from svclab.trace.way import Cause, Verdict
from svclab.trace.world import PROXY_NAME_LABEL, Node, World


def why_nobody(
    world: World, claim: Claim, node: Node, endpoints: list[Endpoint], local_field: str
) -> tuple[Verdict, Cause]:
    """Dropped or refused. `local_field`: the policy field that says Local, "" if none does."""
    name = claim.service.metadata.name
    if anybody_serves(endpoints):
        policy = local_field.removeprefix("spec.")
        return Verdict.DROPPED, Cause(f"no endpoint of {name} on {node.name}, and {policy} is Local", local_field)
    if endpoints:
        return Verdict.REFUSED, Cause(f"{name} serves nobody: no endpoint of it is ready", "endpoints[].conditions")
    return Verdict.REFUSED, _why_without_endpoints(world, claim.service, claim.port)


def _why_without_endpoints(world: World, service: core_pb2.Service, port: core_pb2.ServicePort) -> Cause:
    """What its author should look at, when a Service's port has no endpoints at all."""
    spec, subject = service.spec, f"{service.metadata.name} serves nobody: it has no endpoints"
    if any(slice_.endpoints for slice_ in world.slices if belongs(slice_, service)):
        known = f'port "{port.name}"' if port.name else f"port {port.port}"
        target = f", targetPort {port.targetPort.strVal}" if port.targetPort.type == 1 else ""
        return Cause(f"{subject} with its {known}{target}", "spec.ports[].targetPort")
    if spec.selector:
        selector = ",".join(f"{key}={value}" for key, value in sorted(spec.selector.items()))
        return Cause(f"{subject}, as no running pod matches its selector {selector}", "spec.selector")
    return Cause(f"{subject}: without a selector, somebody has to write its EndpointSlices", "spec.selector")


def why_unclaimed(world: World, ip: str) -> Cause:
    """Why no Service of this proxy has an address of the Services' range."""
    for service in world.services.values():
        if ip in cluster_ips(service):
            name = f"{service.metadata.namespace}/{service.metadata.name}"
            return Cause(f"{name}, which has {ip}, is left to another proxy", f"metadata.labels[{PROXY_NAME_LABEL}]")
    return Cause(f"no Service has {ip}, an address of the Services' range")

"""`describe service`."""

from collections.abc import Iterable, Iterator
from typing import Any

from svclab.cli.describe.related import Related
from svclab.cli.describe.text import Text
from svclab.cli.printers.cells import host_port, label_text, shortened
from svclab.cli.tables import NONE, UNSET

SHOWS_EVENTS = True


def describe(text: Text, service: Any, related: Related) -> None:
    spec = service.spec
    text.head(service)
    text.field("Selector", label_text(spec.selector))
    text.field("Type", spec.type)
    _addresses(text, service)
    slices = related.slices(service)
    for port in spec.ports:
        _port(text, port, slices)
    text.field("Session Affinity", spec.sessionAffinity)
    for name, value in (
        ("External Traffic Policy", spec.externalTrafficPolicy),
        ("Internal Traffic Policy", spec.internalTrafficPolicy),
        ("HealthCheck NodePort", spec.healthCheckNodePort),
        ("LoadBalancer Source Ranges", ",".join(spec.loadBalancerSourceRanges)),
        ("Traffic Distribution", spec.trafficDistribution),
    ):
        _optional(text, name, value)


def _addresses(text: Text, service: Any) -> None:
    spec = service.spec
    _optional(text, "IP Family Policy", spec.ipFamilyPolicy)
    text.field("IP Families", ",".join(spec.ipFamilies) or NONE)
    text.field("IP", spec.clusterIP)
    text.field("IPs", ",".join(spec.clusterIPs) or NONE)
    _optional(text, "External IPs", ",".join(spec.externalIPs))
    _optional(text, "Desired LoadBalancer IP", spec.loadBalancerIP)
    _optional(text, "External Name", spec.externalName)
    _optional(text, "LoadBalancer Ingress", ", ".join(map(_ingress, service.status.loadBalancer.ingress)))


def _optional(text: Text, name: str, value: Any) -> None:
    if value:
        text.field(name, value)


def _ingress(ingress: Any) -> str:
    address = ingress.ip or ingress.hostname
    return f"{address} ({ingress.ipMode})" if ingress.ipMode else str(address)


def _port(text: Text, port: Any, slices: Iterable[Any]) -> None:
    name = port.name or UNSET
    target = port.targetPort.strVal if port.targetPort.type else port.targetPort.intVal
    text.field("Port", f"{name}\t{port.port}/{port.protocol}")
    text.field("TargetPort", f"{target}/{port.protocol}")
    _optional(text, "AppProtocol", port.appProtocol)
    if port.nodePort:
        text.field("NodePort", f"{name}\t{port.nodePort}/{port.protocol}")
    text.field("Endpoints", shortened(_endpoints(port.name, slices)))


def _endpoints(port_name: str, slices: Iterable[Any]) -> Iterator[str]:
    """`address:port` of each endpoint that is ready, for the port of this name."""
    for piece in slices:
        for port in piece.ports:
            if port.name != port_name:
                continue
            for endpoint in piece.endpoints:
                if not endpoint.conditions.HasField("ready") or endpoint.conditions.ready:
                    yield from (host_port(address, port.port) for address in endpoint.addresses)

"""`get services`."""

from collections.abc import Iterable
from typing import Any

from svclab.cli.printers.cells import AGE, NAME, label_text
from svclab.cli.tables import NONE, UNKNOWN, Column, View

_INGRESS_WIDTH = 16


def _type(service: Any, view: View) -> str:
    return str(service.spec.type)


def _cluster_ip(service: Any, view: View) -> str:
    return next(iter(service.spec.clusterIPs), service.spec.clusterIP) or NONE


def _external_ip(service: Any, view: View) -> str:
    spec = service.spec
    if spec.type in ("ClusterIP", "NodePort"):
        return ",".join(spec.externalIPs) or NONE
    if spec.type == "LoadBalancer":
        ingress = _ingress(service.status.loadBalancer.ingress, view.wide)
        return ",".join([*filter(None, [ingress]), *spec.externalIPs]) or "<pending>"
    return spec.externalName if spec.type == "ExternalName" else UNKNOWN


def _ingress(ingress: Iterable[Any], wide: bool) -> str:
    """The addresses that a load balancer has given, cut short unless `wide`."""
    text = ",".join(sorted({item.ip or item.hostname for item in ingress} - {""}))
    return text if wide or len(text) <= _INGRESS_WIDTH else f"{text[: _INGRESS_WIDTH - 3]}..."


def _ports(service: Any, view: View) -> str:
    return ",".join(_port(port) for port in service.spec.ports) or NONE


def _port(port: Any) -> str:
    return f"{port.port}:{port.nodePort}/{port.protocol}" if port.nodePort else f"{port.port}/{port.protocol}"


def _selector(service: Any, view: View) -> str:
    return label_text(service.spec.selector)


COLUMNS = (
    NAME,
    Column("TYPE", _type),
    Column("CLUSTER-IP", _cluster_ip),
    Column("EXTERNAL-IP", _external_ip),
    Column("PORT(S)", _ports),
    AGE,
    Column("SELECTOR", _selector, wide=True),
)

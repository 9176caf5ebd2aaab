"""`describe endpointslice`."""

from typing import Any

from svclab.cli.describe.related import Related
from svclab.cli.describe.text import Text
from svclab.cli.tables import NONE, UNSET

SHOWS_EVENTS = True


def describe(text: Text, piece: Any, related: Related) -> None:
    text.head(piece)
    text.field("AddressType", piece.addressType)
    if piece.ports:
        text.line("Ports:")
        text.line("Name\tPort\tProtocol", 1)
        text.line("----\t----\t--------", 1)
        for port in piece.ports:
            text.line(f"{port.name or UNSET}\t{_port_number(port)}\t{port.protocol}", 1)
    else:
        text.field("Ports", UNSET)
    if not piece.endpoints:
        text.field("Endpoints", NONE)
        return
    text.line("Endpoints:")
    for endpoint in piece.endpoints:
        _endpoint(text, endpoint)


def _port_number(port: Any) -> str:
    return str(port.port) if port.HasField("port") else UNSET


def _endpoint(text: Text, endpoint: Any) -> None:
    text.line(f"- Addresses:\t{','.join(endpoint.addresses) or NONE}", 1)
    text.line("Conditions:", 2)
    for name in ("ready", "serving", "terminating"):
        if endpoint.conditions.HasField(name) or name == "ready":
            text.field(name.capitalize(), _condition(endpoint.conditions, name), 3)
    text.field("Hostname", endpoint.hostname if endpoint.HasField("hostname") else UNSET, 2)
    if endpoint.HasField("targetRef"):
        text.field("TargetRef", f"{endpoint.targetRef.kind}/{endpoint.targetRef.name}", 2)
    text.field("NodeName", endpoint.nodeName if endpoint.HasField("nodeName") else UNSET, 2)
    text.field("Zone", endpoint.zone if endpoint.HasField("zone") else UNSET, 2)
    hints = [("zones", endpoint.hints.forZones), ("nodes", endpoint.hints.forNodes)]
    if said := [f"{kind} {','.join(one.name for one in names)}" for kind, names in hints if names]:
        text.field("Hints", ", ".join(said), 2)


def _condition(conditions: Any, name: str) -> str:
    return str(getattr(conditions, name)).lower() if conditions.HasField(name) else UNSET

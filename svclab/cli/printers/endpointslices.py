"""`get endpointslices`."""

from typing import Any

from svclab.cli.printers.cells import AGE, NAME, shortened
from svclab.cli.tables import UNSET, Column, View


def _address_type(piece: Any, view: View) -> str:
    return str(piece.addressType)


def _ports(piece: Any, view: View) -> str:
    return shortened((str(port.port) if port.HasField("port") else "*" for port in piece.ports), UNSET)


def _endpoints(piece: Any, view: View) -> str:
    return shortened((address for endpoint in piece.endpoints for address in endpoint.addresses), UNSET)


COLUMNS = (
    NAME,
    Column("ADDRESSTYPE", _address_type),
    Column("PORTS", _ports),
    Column("ENDPOINTS", _endpoints),
    AGE,
)

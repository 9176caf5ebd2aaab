"""`get endpoints`."""

from collections.abc import Iterator
from typing import Any

from svclab.cli.printers.cells import AGE, NAME, host_port, shortened
from svclab.cli.tables import Column, View


def _addresses(endpoints: Any) -> Iterator[str]:
    for subset in endpoints.subsets:
        if not subset.ports:
            yield from (address.ip for address in subset.addresses)
        for port in subset.ports:
            yield from (host_port(address.ip, port.port) for address in subset.addresses)


def _endpoints(endpoints: Any, view: View) -> str:
    return shortened(_addresses(endpoints))


COLUMNS = (NAME, Column("ENDPOINTS", _endpoints), AGE)

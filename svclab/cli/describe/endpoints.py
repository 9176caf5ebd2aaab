"""`describe endpoints`."""

from typing import Any

from svclab.cli.describe.related import Related
from svclab.cli.describe.text import Text
from svclab.cli.tables import NONE, UNSET

SHOWS_EVENTS = True


def describe(text: Text, endpoints: Any, related: Related) -> None:
    text.head(endpoints)
    text.line("Subsets:")
    for subset in endpoints.subsets:
        text.field("Addresses", ",".join(address.ip for address in subset.addresses) or NONE, 1)
        text.field("NotReadyAddresses", ",".join(address.ip for address in subset.notReadyAddresses) or NONE, 1)
        if subset.ports:
            text.line("Ports:", 1)
            text.line("Name\tPort\tProtocol", 2)
            text.line("----\t----\t--------", 2)
            for port in subset.ports:
                text.line(f"{port.name or UNSET}\t{port.port}\t{port.protocol}", 2)
        text.line("")

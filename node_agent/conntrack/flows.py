"""UDP flows. Conntrack pins each to its first decision for as long as datagrams come."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

Vip = tuple[str, int]  # the address and port that a client sent to
Socket = tuple[str, int]  # an endpoint's address and port


class Flow(NamedTuple):
    """A UDP conntrack entry: who sent to which address and port, and who answers."""

    source: str
    source_port: int
    destination: str
    destination_port: int
    reply_source: str
    reply_source_port: int

    @property
    def vip(self) -> Vip:
        return (self.destination, self.destination_port)

    @property
    def answerer(self) -> Socket:
        return (self.reply_source, self.reply_source_port)


class Conntrack(Protocol):
    """What is needed of it. Raises OSError."""

    def udp_flows(self) -> list[Flow]:
        """All UDP entries of this network namespace."""

    def delete(self, flows: Iterable[Flow]) -> None:
        """Forgets entries; those that are gone do not matter."""

"""Remembers which addresses svc-ports have lost to others, so that each loss is told once."""

from collections.abc import Callable, Iterable, Mapping

from node_agent.proxy.facts import ServicePortName
from node_agent.proxy.sync import Served

Lost = dict[str, ServicePortName]  # "192.0.2.1 . tcp . 80" -> who answers there


class Contests:
    """`told` hears of the loser, the address that it lost, and who has it."""

    def __init__(self, told: Callable[[ServicePortName, str, ServicePortName], None]) -> None:
        self._told = told
        self._known: dict[ServicePortName, Lost] = {}

    def committed(self, ports: Mapping[ServicePortName, Served], gone: Iterable[ServicePortName]) -> None:
        """What the kernel has now."""
        for name in gone:
            self._known.pop(name, None)
        for name, served in ports.items():
            known = self._known.pop(name, {})
            if not served.lost:
                continue
            self._known[name] = served.lost
            for vip, holder in served.lost.items():
                if known.get(vip) != holder:
                    self._told(name, vip, holder)

"""The proxy's copy of the cluster, and which Services changed since they were last looked at: pure."""

from node_agent.proxy.facts import (
    Endpoint,
    ServiceFacts,
    ServiceName,
    ServicePort,
    ServicePortName,
    SliceFacts,
)

SliceName = tuple[str, str]


class Changes:
    """Level, not edge: an event only says what is now, and marks its Service as changed where that is something new."""

    def __init__(self) -> None:
        self._services: dict[ServiceName, ServiceFacts] = {}
        self._slices: dict[SliceName, SliceFacts] = {}
        self._by_service: dict[ServiceName, dict[SliceName, SliceFacts]] = {}
        self._changed: set[ServiceName] = set()

    def put_service(self, name: ServiceName, facts: ServiceFacts | None) -> None:
        """None: the Service is gone, or not for this proxy."""
        if self._services.get(name) == facts:
            return
        if facts is None:
            del self._services[name]
        else:
            self._services[name] = facts
        self._changed.add(name)

    def put_slice(self, name: SliceName, facts: SliceFacts | None) -> None:
        """None: the slice is gone, or of no use."""
        old = self._slices.get(name)
        if old == facts:
            return
        if old is not None:
            self._by_service[old.service].pop(name)
            self._changed.add(old.service)
        if facts is None:
            del self._slices[name]
        else:
            self._slices[name] = facts
            self._by_service.setdefault(facts.service, {})[name] = facts
            self._changed.add(facts.service)

    @property
    def pending(self) -> int:
        return len(self._changed)

    def drain(self) -> set[ServiceName]:
        """The changed Services; from now on they count as looked at."""
        changed, self._changed = self._changed, set()
        return changed

    def put_back(self, changed: set[ServiceName]) -> None:
        """They were not looked at after all."""
        self._changed |= changed

    def services(self) -> set[ServiceName]:
        return set(self._services)

    def service(self, name: ServiceName) -> ServiceFacts | None:
        return self._services.get(name)

    def ports(self, name: ServiceName) -> tuple[ServicePort, ...]:
        facts = self._services.get(name)
        return facts.ports if facts else ()

    def endpoints(self, name: ServicePortName) -> tuple[Endpoint, ...]:
        """The union over slices, sorted by address and port; of two that are the same the ready one counts."""
        found: dict[tuple[str, int], Endpoint] = {}
        for slice_ in self._by_service.get(name.service, {}).values():
            for endpoint in slice_.endpoints.get((name.port, name.protocol), ()):
                key = (endpoint.ip, endpoint.port)
                if key not in found or _preference(endpoint) > _preference(found[key]):
                    found[key] = endpoint
        return tuple(found[key] for key in sorted(found))


def _preference(endpoint: Endpoint) -> tuple[object, ...]:
    """An order over everything that can differ, so that the order of events decides nothing."""
    return (endpoint.ready, endpoint.serving, not endpoint.terminating, endpoint.node, endpoint.zones, endpoint.nodes)

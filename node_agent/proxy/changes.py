"""The proxy's copy of the cluster, and which Services changed since they were last looked at: pure."""

from typing import TypeVar

from node_agent.proxy.facts import Endpoint, ServiceFacts, ServiceName, ServicePort, ServicePortName, SliceFacts

SliceName = tuple[str, str]
Key = TypeVar("Key")
Value = TypeVar("Value")


class Changes:
    """Level, not edge: an event only says what is now. What is read below changes in `drain` alone, never under a pass.

    Facts are None where the object is gone, or of no use to this proxy.
    """

    def __init__(self) -> None:
        self._services: dict[ServiceName, ServiceFacts] = {}
        self._slices: dict[SliceName, SliceFacts] = {}
        self._by_service: dict[ServiceName, dict[SliceName, SliceFacts]] = {}
        self._new_services: dict[ServiceName, ServiceFacts | None] = {}
        self._new_slices: dict[SliceName, SliceFacts | None] = {}

    def put_service(self, name: ServiceName, facts: ServiceFacts | None) -> None:
        self._new_services[name] = facts

    def put_slice(self, name: SliceName, facts: SliceFacts | None) -> None:
        self._new_slices[name] = facts

    @property
    def pending_services(self) -> int:
        return len(self._new_services)

    @property
    def pending_slices(self) -> int:
        return len(self._new_slices)

    @property
    def pending(self) -> int:
        return self.pending_services + self.pending_slices

    def drain(self) -> set[ServiceName]:
        """Takes in what is pending. Returns the Services for which that is something new."""
        changed = {name for name, facts in self._new_services.items() if self._services.get(name) != facts}
        for name in changed:
            _set_or_delete(self._services, name, self._new_services[name])
        for slice_name, slice_ in self._new_slices.items():
            if self._slices.get(slice_name) != slice_:
                changed |= self._replace_slice(slice_name, slice_)
        self._new_services, self._new_slices = {}, {}
        return changed

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

    def _replace_slice(self, name: SliceName, facts: SliceFacts | None) -> set[ServiceName]:
        """Returns the Services that lose or win by it: two where a slice goes from one to the other."""
        touched = set()
        if (old := self._slices.get(name)) is not None:
            siblings = self._by_service[old.service]
            del siblings[name]
            if not siblings:
                del self._by_service[old.service]
            touched.add(old.service)
        if facts is not None:
            self._by_service.setdefault(facts.service, {})[name] = facts
            touched.add(facts.service)
        _set_or_delete(self._slices, name, facts)
        return touched


def _set_or_delete(known: dict[Key, Value], key: Key, value: Value | None) -> None:
    if value is None:
        known.pop(key, None)
    else:
        known[key] = value


def _preference(endpoint: Endpoint) -> tuple[object, ...]:
    """An order over everything that can differ, so that the order of events decides nothing."""
    return (endpoint.ready, endpoint.serving, not endpoint.terminating, endpoint.node, endpoint.zones, endpoint.nodes)

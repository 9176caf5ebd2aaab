"""The zone depends on the last state of the objects alone, not on the order of events or on when they were applied."""

from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protos.kubernetes.core_pb2 import Service
from protos.kubernetes.discovery_pb2 import EndpointSlice
from tests.unit.dns.conftest import At, DnsServer, endpoint_slice, service

PORTS = [("http", 80, "TCP"), ("", 81, "UDP")]

services = st.builds(
    lambda name, namespace, kind, ports: service(
        name, *kind[0], namespace=namespace, ports=ports, external_name=kind[1]
    ),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["x", "y"]),
    st.sampled_from(
        [
            (("10.96.0.1",), ""),
            (("10.96.0.2", "fd00::2"), ""),
            (("None",), ""),
            (("None",), ""),
            ((), "a.x.svc.cluster.local"),
            ((), ""),
        ]
    ),
    st.lists(st.sampled_from(PORTS), unique=True),
)
endpoints = st.builds(
    At,
    st.sampled_from(["10.0.0.1", "10.0.0.2", "10.96.0.1"]),
    st.sampled_from(["", "host"]),
    st.sampled_from([True, False, None]),
)
slices = st.builds(
    lambda name, of, namespace, at, ports: endpoint_slice(name, of, *at, namespace=namespace, ports=ports),
    st.sampled_from(["s1", "s2", "s3"]),
    st.sampled_from(["a", "b", ""]),
    st.sampled_from(["x", "y"]),
    st.lists(endpoints, max_size=3),
    st.lists(st.sampled_from(PORTS), unique=True),
)
Gone = tuple[type, str, str]
gone = st.one_of(
    st.tuples(st.just(Service), st.sampled_from(["x", "y"]), st.sampled_from(["a", "b"])),
    st.tuples(st.just(EndpointSlice), st.sampled_from(["x", "y"]), st.sampled_from(["s1", "s2", "s3"])),
)
namespaces = st.tuples(st.sampled_from(["x", "y"]), st.booleans())
events = st.lists(st.one_of(services, slices, gone, namespaces), max_size=20)
Event = Service | EndpointSlice | Gone | tuple[str, bool]


def play(server: DnsServer, event: Event) -> None:
    if isinstance(event, Service):
        server.catalog.service_changed((event.metadata.namespace, event.metadata.name), event)
    elif isinstance(event, EndpointSlice):
        server.catalog.slice_changed((event.metadata.namespace, event.metadata.name), event)
    elif len(event) == 2:
        server.catalog.namespace_changed(event[0], exists=event[1])
    elif event[0] is Service:
        server.catalog.service_changed(event[1:], None)
    else:
        server.catalog.slice_changed(event[1:], None)


def last_of_each(played: list[Event]) -> list[Event]:
    """The last event of each object, the newest object first."""
    last: dict[object, Event] = {}
    for event in reversed(played):
        if isinstance(event, Service | EndpointSlice):
            last.setdefault((type(event), event.metadata.namespace, event.metadata.name), event)
        else:
            last.setdefault(event if len(event) == 3 else ("namespace", event[0]), event)
    return list(last.values())


def shown(server: DnsServer) -> dict[bytes, tuple[bytes, bytes]]:
    """All ready answers, and all names that are there."""
    ready = {question: (answer.head, answer.body) for question, answer in server.ready._ready.items()}
    return ready | {b"name:" + name: (b"", b"") for name in [*server.zone._by_name, *server.zone._below]}


@example(
    [service("a", "10.96.0.1", namespace="x"), ("x", True), service("a", "10.96.0.1", namespace="x"), ("x", False)], [1]
)
@given(events, st.lists(st.integers(1, 5), min_size=1))
def test_any_order_and_any_portions_end_the_same(played: list[Event], portions: list[int]) -> None:
    stepwise, at_once, shuffled = DnsServer(), DnsServer(), DnsServer()
    for number, event in enumerate(played):
        play(stepwise, event)
        stepwise.catalog.apply(1, portions[number % len(portions)])
    for event in played:
        play(at_once, event)
    for event in last_of_each(played):
        play(shuffled, event)
        play(shuffled, event)
    for server in (stepwise, at_once, shuffled):
        server.catalog.apply(2)
        server.catalog.namespace_changed("last", exists=True)  # so that all have the same serial
        server.catalog.apply(3)
    assert shown(stepwise) == shown(at_once) == shown(shuffled)


@given(events)
def test_when_all_is_gone_nothing_is_left(played: list[Event]) -> None:
    server, empty = DnsServer(), DnsServer()
    for event in played:
        play(server, event)
    server.catalog.apply(1)
    for event in everything_gone():
        play(server, event)
    empty.catalog.apply(1)
    server.catalog.apply(1)
    assert shown(server) == shown(empty)


def everything_gone() -> Iterator[Event]:
    for namespace in ("x", "y"):
        yield namespace, False
        yield from ((Service, namespace, name) for name in ("a", "b"))
        yield from ((EndpointSlice, namespace, name) for name in ("s1", "s2", "s3"))


def test_only_the_changed_services_answers_are_made_anew(server: DnsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.put(*(service(f"web-{number}", f"10.96.1.{number}") for number in range(50)))
    rebuilt: list[set[bytes]] = []
    monkeypatch.setattr(server.ready, "rebuild", lambda changed: rebuilt.append(set(changed)))
    server.put(service("web-7", "10.96.2.7"))
    apex = server.zone.settings.names.apex
    assert {name for name in rebuilt[0] if name != apex} == {
        server.zone.settings.names.service("default", "web-7"),
        b"\x017\x011\x0296\x0210\x07in-addr\x04arpa\0",
        b"\x017\x012\x0296\x0210\x07in-addr\x04arpa\0",
    }

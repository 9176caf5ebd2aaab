"""Which UDP flows must be forgotten, and when."""

import asyncio
from collections.abc import Iterable

import pytest

from node_agent.conntrack.flows import Flow, Socket
from node_agent.nft.fake import FakeNft
from node_agent.proxy import conntrack
from node_agent.proxy.changes import Changes
from node_agent.proxy.conntrack import Answering, StaleFlows, UdpServices, answering
from node_agent.proxy.facts import ServiceName, ServicePortName
from node_agent.proxy.reading import service_facts, slice_facts
from node_agent.proxy.sync import Outcome, Sync
from tests.unit.proxy.objects import NODE, RANGES, endpoint, key, service, slice_

VIP, NODE_VIP, OTHER = ("10.96.0.53", 53), ("172.18.0.2", 30053), ("10.96.0.54", 53)
DNS = ServicePortName(ServiceName("default", "dns"), "", "UDP")
OTHER_DNS = ServicePortName(ServiceName("default", "dns-2"), "", "UDP")
A, B = frozenset({("10.244.1.5", 8080)}), frozenset({("10.244.2.5", 8080)})
NOBODY = frozenset[Socket]()


def flow(destination: tuple[str, int] = VIP, reply: str = "10.244.1.5", port: int = 8080) -> Flow:
    return Flow("10.244.1.9", 40000, *destination, reply, port)


@pytest.mark.parametrize(
    ("before", "now", "found", "stale"),
    [
        pytest.param({VIP: A}, {}, flow(), True, id="svc-port deleted"),
        pytest.param({VIP: A, OTHER: A}, {VIP: A}, flow(OTHER), True, id="VIP removed"),
        pytest.param({VIP: A, OTHER: A}, {VIP: A}, flow(), False, id="the VIP that stays"),
        pytest.param({VIP: NOBODY}, {VIP: A}, flow(reply="10.96.0.53"), True, id="from none to one: not translated"),
        pytest.param(
            {NODE_VIP: NOBODY}, {NODE_VIP: A}, flow(NODE_VIP, "172.18.0.2"), True, id="node port, none to one"
        ),
        pytest.param({}, {VIP: A}, flow(reply="10.96.0.53"), True, id="new svc-port: not translated"),
        pytest.param({}, {VIP: A}, flow(), False, id="an earlier run's flow that is right"),
        pytest.param({}, {VIP: A}, flow(reply="10.244.2.5"), True, id="an earlier run's flow that is wrong"),
        pytest.param({VIP: A | B}, {VIP: B}, flow(), True, id="endpoint removed"),
        pytest.param({VIP: A | B}, {VIP: B}, flow(reply="10.244.2.5", port=9090), True, id="endpoint's port changed"),
        pytest.param({VIP: A | B}, {VIP: B}, flow(reply="10.244.2.5"), False, id="endpoint that stays"),
        pytest.param({NODE_VIP: A | B}, {NODE_VIP: B}, flow(NODE_VIP), True, id="endpoint removed, node port"),
        pytest.param({VIP: A}, {VIP: NOBODY}, flow(), True, id="last endpoint removed"),
        pytest.param({VIP: A}, {VIP: A | B}, flow(), False, id="endpoint added"),
        pytest.param({VIP: A}, {VIP: B}, flow(("8.8.8.8", 53)), False, id="somebody else's flow"),
        pytest.param({VIP: A}, {VIP: B}, flow(("10.96.0.53", 54)), False, id="another port"),
    ],
)
def test_stale(before: Answering, now: Answering, found: Flow, stale: bool) -> None:
    services = UdpServices()
    services.update({DNS: before})
    changed = services.update({DNS: now})
    assert services.stale([found], changed) == ([found] if stale else [])


def test_nothing_changed_nothing_stale() -> None:
    services = UdpServices()
    assert services.update({DNS: {VIP: A}}) == {VIP}
    assert services.update({DNS: {VIP: A}}) == set()


@pytest.mark.parametrize("order", [(DNS, OTHER_DNS), (OTHER_DNS, DNS)])
def test_an_address_that_changes_hands(order: tuple[ServicePortName, ...]) -> None:
    services = UdpServices()
    services.update({DNS: {VIP: A}})
    now: dict[ServicePortName, Answering] = {DNS: {}, OTHER_DNS: {VIP: B}}
    changed = services.update({name: now[name] for name in order})
    kept, stale = flow(reply="10.244.2.5"), flow()
    assert services.stale([kept, stale], changed) == [stale]


def outcome(*objects: object) -> Outcome:
    changes = Changes()
    for found in objects:
        if hasattr(found, "addressType"):
            changes.put_slice(key(found), slice_facts(found))  # type: ignore[arg-type]
        else:
            changes.put_service(ServiceName(*key(found)), service_facts(found))  # type: ignore[arg-type]
    changes.drain()
    return Sync(changes, FakeNft(), RANGES).full(NODE)


def test_what_answers_where() -> None:
    dns = service("dns", "10.96.0.53", port=53, protocol="UDP", type="NodePort", nodePort=30053)
    ready, ending = endpoint("10.244.1.5"), endpoint("10.244.1.6", ready=False, terminating=True)
    ended, sick = (
        endpoint("10.244.1.7", ready=False, serving=False, terminating=True),
        endpoint("10.244.1.8", ready=False),
    )
    sick.conditions.serving = False
    found = outcome(dns, slice_("dns", ready, ending, ended, sick, protocol="UDP"))
    both = A | {("10.244.1.6", 8080)}
    assert answering(found.ports[DNS]) == {VIP: both, NODE_VIP: both}
    web = outcome(service("web", "10.96.0.10"), slice_("web", ready))
    assert [answering(served) for served in web.ports.values()] == [{}]


class FakeConntrack:
    def __init__(self, *flows: Flow) -> None:
        self.flows = list(flows)
        self.failures = 0
        self.dumps = 0

    def udp_flows(self) -> list[Flow]:
        self.dumps += 1
        if self.failures:
            self.failures -= 1
            raise OSError("no buffer space")
        return list(self.flows)

    def delete(self, flows: Iterable[Flow]) -> None:
        for found in list(flows):
            self.flows.remove(found)


async def forgotten(table: FakeConntrack, *found: Outcome) -> None:
    stale = StaleFlows(table)
    running = asyncio.create_task(stale.run())
    for committed in found:
        stale.committed(*committed)
        async with asyncio.timeout(5):
            while stale.is_busy:  # noqa: ASYNC110  # the loop of a test, which waits for nothing else
                await asyncio.sleep(0)
    running.cancel()


DNS_OBJECTS = (
    service("dns", "10.96.0.53", port=53, protocol="UDP"),
    slice_("dns", endpoint("10.244.1.5"), protocol="UDP"),
)


async def test_stale_flows_are_forgotten_and_no_others() -> None:
    table = FakeConntrack(flow(), flow(reply="10.244.1.99"), flow(("8.8.8.8", 53), "8.8.8.8"))
    await forgotten(table, outcome(*DNS_OBJECTS))
    assert table.flows == [flow(), flow(("8.8.8.8", 53), "8.8.8.8")]


async def test_a_refusal_of_the_kernel_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conntrack, "RETRY", 0.0)
    table = FakeConntrack(flow(reply="10.244.1.99"))
    table.failures = 2
    await forgotten(table, outcome(*DNS_OBJECTS))
    assert table.flows == []


async def test_flows_of_services_that_went_while_no_proxy_ran_are_forgotten() -> None:
    mine, untranslated = flow(), flow(("8.8.8.8", 53), "8.8.8.8")
    table = FakeConntrack(mine, flow(OTHER), flow(NODE_VIP), untranslated)
    await forgotten(table, outcome(*DNS_OBJECTS))
    assert table.flows == [mine, untranslated]


async def test_tcp_services_ask_for_no_flows_but_once() -> None:
    table = FakeConntrack()
    web = outcome(service("web", "10.96.0.10"), slice_("web", endpoint("10.244.1.5")))
    await forgotten(table, web, web)
    assert table.dumps == 1


def test_endpoints_are_known_however_their_addresses_are_written() -> None:
    dns = service("dns", "fd96:0::53", port=53, protocol="UDP", ipFamilies=["IPv6"])
    slice6 = slice_("dns", endpoint("FD01::0:5"), protocol="UDP")
    slice6.addressType = "IPv6"
    assert answering(outcome(dns, slice6).ports[DNS]) == {("fd96::53", 53): {("fd01::5", 8080)}}

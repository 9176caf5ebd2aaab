"""The tables depend on the state of the cluster, not on the path taken to it."""

from collections.abc import Callable
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node_agent.nft.fake import FakeNft
from node_agent.nft.kernel import NftError
from node_agent.proxy.changes import Changes
from node_agent.proxy.facts import ServiceName
from node_agent.proxy.reading import service_facts, slice_facts
from node_agent.proxy.sync import Sync
from protos.kubernetes import core_pb2, discovery_pb2
from tests.unit.proxy.objects import HERE, NODE, RANGES, THERE, endpoint, key, service, slice_

NAMES = ("web", "api")
SHARED_IP = "192.0.2.1"  # which both may claim
PODS = [("10.244.1.5", HERE), ("10.244.1.6", HERE), ("10.244.2.5", THERE), ("fd44:1::5", HERE)]
Event = tuple[str, tuple[str, str], core_pb2.Service | discovery_pb2.EndpointSlice | None]

ENDPOINTS = st.builds(
    lambda pod, state: endpoint(*pod, ready=state == "ready", serving=state != "ill", terminating=state == "ending"),
    st.sampled_from(PODS),
    st.sampled_from(["ready", "ready", "ending", "ill"]),
)


@st.composite
def services(draw: st.DrawFn) -> Event:
    name = draw(st.sampled_from(NAMES))
    if draw(st.integers(0, 4)) == 0:
        return ("service", ("default", name), None)
    number = NAMES.index(name)
    kind = draw(st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer"]))
    ips = [f"10.96.0.{10 + number}", f"fd96::{10 + number}"][: draw(st.integers(1, 2))]
    found = service(
        name,
        ips,
        type=kind,
        nodePort=0 if kind == "ClusterIP" else 30080 + number,
        ingress=[f"198.51.100.{number}"] if kind == "LoadBalancer" else [],
        externalIPs=draw(st.sampled_from([[], [SHARED_IP]])),
        internalTrafficPolicy=draw(st.sampled_from(["Cluster", "Local"])),
        externalTrafficPolicy=draw(st.sampled_from(["Cluster", "Local"])),
        sessionAffinity=draw(st.sampled_from(["", "ClientIP"])),
        loadBalancerSourceRanges=draw(st.sampled_from([[], ["10.0.0.0/8"], ["172.18.0.0/16", "10.0.0.0/8"]])),
        created=draw(st.integers(1, 3)),
    )
    return ("service", key(found), found)


@st.composite
def slices(draw: st.DrawFn) -> Event:
    name, number = draw(st.sampled_from(NAMES)), draw(st.integers(1, 2))
    found = slice_(name, *draw(st.lists(ENDPOINTS, max_size=4)), number=number)
    return ("slice", key(found), None if draw(st.integers(0, 4)) == 0 else found)


EVENTS = st.lists(st.one_of(services(), slices()), min_size=1, max_size=12)


class Player:
    """A proxy without its loop."""

    def __init__(self) -> None:
        self.nft = FakeNft()
        self.changes = Changes()
        self.sync = Sync(self.changes, self.nft, RANGES)

    def put(self, event: Event) -> None:
        kind, name, found = event
        if kind == "service":
            assert not isinstance(found, discovery_pb2.EndpointSlice)
            self.changes.put_service(ServiceName(*name), service_facts(found) if found is not None else None)
        else:
            assert not isinstance(found, core_pb2.Service)
            self.changes.put_slice(name, slice_facts(found) if found is not None else None)

    def write(self) -> None:
        changed = self.changes.drain()
        if self.sync.trusts_the_kernel:
            self.sync.partial(changed)
        else:
            self.sync.full(NODE)

    def written(self) -> str:
        """All but the chains that are left over from before, and what leads to them."""
        for held in self.nft.tables.values():
            used = {*held.sets["services"].values(), *held.sets["short-circuits"].values()}
            assert used <= held.sets["treatments"].keys(), "a Service has no chain"
        lines = self.nft.dump().splitlines()
        return "\n".join(line for line in lines if line.endswith(" }") and not line.startswith((" ", "treatments")))


def at_once(events: list[Event]) -> str:
    """Only the last event of each object, in one full pass."""
    player = Player()
    for event in {(kind, name): (kind, name, found) for kind, name, found in events}.values():
        player.put(event)
    player.write()
    return player.written()


def one_by_one(player: Player, events: list[Event]) -> None:
    for event in events:
        player.put(event)
        player.write()


def each_twice(player: Player, events: list[Event]) -> None:
    one_by_one(player, [event for event in events for _ in range(2)])


def squashed(player: Player, events: list[Event]) -> None:
    for event in events:
        player.put(event)
    player.write()


def in_pairs(player: Player, events: list[Event]) -> None:
    for position in range(0, len(events), 2):
        squashed(player, events[position : position + 2])


def with_a_refusal_now_and_then(player: Player, events: list[Event]) -> None:
    """As the loop does it: after a refusal the next pass is a full one."""
    for position, event in enumerate(events):
        player.put(event)
        player.nft.refusals = position % 3  # one refuses a change; a full pass has a second try
        try:
            player.write()
        except NftError:
            player.write()


WAYS = (one_by_one, each_twice, squashed, in_pairs, with_a_refusal_now_and_then)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@given(events=EVENTS)
@settings(max_examples=60, deadline=None)
def test_the_path_does_not_matter(way: Callable[[Player, list[Event]], None], events: list[Event]) -> None:
    player = Player()
    player.write()
    way(player, events)
    assert player.written() == at_once(events)


@given(events=st.lists(st.one_of(services(), slices()), min_size=1, max_size=4, unique_by=lambda event: event[:2]))
@settings(max_examples=30, deadline=None)
def test_the_order_of_different_objects_does_not_matter(events: list[Event]) -> None:
    ends = set()
    for order in permutations(events):
        player = Player()
        one_by_one(player, list(order))
        ends.add(player.written())
    assert len(ends) == 1


@given(events=EVENTS)
@settings(max_examples=30, deadline=None)
def test_another_full_pass_changes_nothing(events: list[Event]) -> None:
    player = Player()
    one_by_one(player, events)
    before = player.written()
    player.changes.drain()
    player.sync.full(NODE)
    assert player.written() == before
    player.sync.partial(set(player.changes.services()))
    assert player.nft.transactions[-1].changes == []

"""Ways to the other nodes, whatever the order in which these are told."""

import asyncio
from itertools import permutations

import pytest

from node_agent.network import peers as peers_module
from node_agent.network.peers import Peers
from protos.kubernetes import core_pb2
from svclab.client import Lister
from svclab.client.lister import key_of
from tests.unit.node_agent.test_routes import ONE, TWO, node

THREE = node("three", ["172.30.0.4"], ["10.244.2.0/24"])
WAYS = {"10.244.0.0/24": "", "10.244.1.0/24": "172.30.0.3", "10.244.2.0/24": "172.30.0.4"}


class FakeWays:
    """Both kinds of ways: the IPv4 networks that were applied, each time; refuses as often as it is told to."""

    def __init__(self, refuse: int = 0) -> None:
        self.applied: list[dict[str, str]] = []
        self.inside: list[set[str]] = []
        self.refuse = refuse
        self.done = asyncio.Event()

    def routes(self, desired: dict[str, str]) -> None:
        if self.refuse:
            self.refuse -= 1
            raise OSError(101, "Network is unreachable")
        self.applied.append({network: gateway for network, gateway in desired.items() if ":" not in network})

    def apply(self, nodes: list[core_pb2.Node]) -> None:
        self.inside.append({one.metadata.name for one in nodes})
        self.done.set()


class FakeRoutes:
    def __init__(self, ways: FakeWays) -> None:
        self.apply = ways.routes


def peers(ways: FakeWays) -> tuple[Peers, Lister[core_pb2.Node]]:
    nodes: Lister[core_pb2.Node] = Lister()
    return Peers("one", nodes, FakeRoutes(ways), ways), nodes


def tell(peers: Peers, nodes: Lister[core_pb2.Node], one: core_pb2.Node) -> None:
    old = nodes.put(one)
    peers.changed(key_of(one), old, one)


def test_an_agent_that_starts_again_takes_no_way_away_while_it_learns_of_the_nodes() -> None:
    for order in permutations((ONE, TWO, THREE)):
        ways = FakeWays()
        subject, nodes = peers(ways)
        for one in order:
            tell(subject, nodes, one)
        assert ways.applied == []
        subject.synced()
        assert (ways.applied, ways.inside) == ([WAYS], [{"one", "two", "three"}])


def test_only_what_changes_a_way_lays_it_again() -> None:
    ways = FakeWays()
    subject, nodes = peers(ways)
    tell(subject, nodes, ONE)
    subject.synced()
    beat = core_pb2.Node()
    beat.CopyFrom(ONE)
    beat.status.conditions.add(type="Ready", status="True")
    tell(subject, nodes, beat)
    assert len(ways.applied) == 1
    tell(subject, nodes, TWO)
    assert len(ways.applied) == 2
    subject.changed(key_of(TWO), nodes.remove(key_of(TWO)), None)
    assert ways.applied[-1] == {"10.244.0.0/24": ""}


async def test_what_the_kernel_refuses_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers_module, "RETRY", 0)
    ways = FakeWays(refuse=1)
    subject, nodes = peers(ways)
    tell(subject, nodes, ONE)
    subject.synced()
    assert ways.applied == []
    async with asyncio.timeout(10):
        await ways.done.wait()
    assert ways.applied == [{"10.244.0.0/24": ""}]

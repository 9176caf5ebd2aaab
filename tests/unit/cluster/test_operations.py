"""What a supervisor does on request: store what shall be, then make it so."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from svclab.cluster.config import ClusterConfig, NodeConfig, with_nodes
from svclab.cluster.errors import ClusterError
from svclab.cluster.netns import operations as module
from svclab.cluster.netns.machine import Machine
from svclab.cluster.state import StateFolder


@dataclass
class FakeSupervisor:
    """Records what it is told; `stored` is what the configuration held at that moment."""

    state: StateFolder
    config: ClusterConfig
    told: list[tuple[str, ...]] = field(default_factory=list)

    def _tell(self, *what: str) -> None:
        self.told.append((*what, ",".join(f"{n.name}{'' if n.powered else '!'}" for n in self.state.load().nodes)))

    def machine_of(self, node: NodeConfig) -> Machine:
        return Machine(node.name, node.number)

    def power_on(self, item: Machine) -> None:
        self._tell("on", item.name)

    def power_off(self, item: Machine) -> None:
        self._tell("off", item.name)

    def cut(self, item: Machine, peer: str) -> None:
        self._tell("cut", item.name, peer)

    def restore(self, item: Machine, peer: str) -> None:
        self._tell("restore", item.name, peer)


@pytest.fixture
def supervisor(tmp_path: Path) -> FakeSupervisor:
    state = StateFolder(tmp_path / "dev")
    state.create()
    config = ClusterConfig("dev", with_nodes(2))
    state.save(config)
    return FakeSupervisor(state, config)


@pytest.fixture
def nodes(supervisor: FakeSupervisor) -> module.Nodes:
    return module.Nodes(supervisor)  # type: ignore[arg-type]


def test_a_change_is_stored_before_it_is_made(nodes: module.Nodes, supervisor: FakeSupervisor) -> None:
    assert nodes.add("") == {"name": "node-3"}
    nodes.stop("node-1")
    nodes.start("node-1")
    nodes.remove("node-2")
    assert supervisor.told == [
        ("on", "node-3", "node-1,node-2,node-3"),
        ("off", "node-1", "node-1!,node-2,node-3"),
        ("on", "node-1", "node-1,node-2,node-3"),
        ("off", "node-2", "node-1,node-3"),
    ]


def test_removing_a_node_forgets_its_state(nodes: module.Nodes, supervisor: FakeSupervisor) -> None:
    supervisor.state.node("node-1").mkdir()
    nodes.remove("node-1")
    assert not supervisor.state.node("node-1").exists()


def test_what_cannot_be_is_refused_and_changes_nothing(nodes: module.Nodes, supervisor: FakeSupervisor) -> None:
    nodes.stop("node-1")
    before = supervisor.state.load()
    for refused in (
        lambda: nodes.stop("node-1"),
        lambda: nodes.stop("node-9"),
        lambda: nodes.pause("node-1"),
        lambda: nodes.add("node-2"),
        lambda: nodes.add("supervisor"),
        lambda: nodes.add("Node"),
        lambda: nodes.disconnect("node-1", ["api"]),
        lambda: nodes.remove("node-9"),
    ):
        with pytest.raises(ClusterError):
            refused()
    assert supervisor.state.load() == before


def test_cuts_are_remembered_and_healed(
    nodes: module.Nodes, supervisor: FakeSupervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StateFolder, "pid", lambda self, process: 1)
    nodes.disconnect("node-1", ["api"])
    nodes.disconnect("node-1", ["api", "nodes"])  # all: what is missing
    assert [told[:3] for told in supervisor.told] == [("cut", "node-1", "api"), ("cut", "node-1", "nodes")]
    assert supervisor.state.load().node("node-1").cut_from == ("api", "nodes")
    with pytest.raises(ClusterError, match="disconnected from api already"):
        nodes.disconnect("node-1", ["api"])
    nodes.connect("node-1")
    assert [told[:3] for told in supervisor.told[2:]] == [("restore", "node-1", "api"), ("restore", "node-1", "nodes")]
    assert supervisor.state.load().node("node-1").cut_from == ()

"""From what the user asked for to a configuration."""

import os
import shutil
from ipaddress import IPv4Network
from pathlib import Path
from types import SimpleNamespace

import pytest

from svclab.cluster import start as module
from svclab.cluster.config import ClusterConfig, with_nodes
from svclab.cluster.errors import ClusterError, ConfigError
from svclab.cluster.start import Wish, resolve
from svclab.cluster.state import StateFolder, all_folders

HEAD = {"kind": "Cluster", "apiVersion": "svclab/v1alpha1"}


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StateFolder:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return StateFolder.of("dev")


def test_a_new_cluster_is_as_asked_for(state: StateFolder) -> None:
    assert len(resolve(state, Wish("dev")).nodes) == 3
    config = resolve(state, Wish("dev", nodes=5, store="memory"))
    assert (config.name, len(config.nodes), config.store) == ("dev", 5, "memory")
    assert resolve(state, Wish("dev", document=HEAD | {"nodes": [{"name": "a"}]})).nodes[0].name == "a"


def test_a_number_of_nodes_against_the_file(state: StateFolder) -> None:
    with pytest.raises(ConfigError, match="--nodes 2 contradicts the configuration file, whose list of nodes has 1$"):
        resolve(state, Wish("dev", nodes=2, document=HEAD | {"nodes": [{}]}))


def test_a_stopped_cluster_comes_back_as_it_was(state: StateFolder) -> None:
    state.create()
    state.save(ClusterConfig("dev", with_nodes(4), store="memory"))
    assert all_folders() == [state]
    assert resolve(state, Wish("dev")) == state.load()
    assert resolve(state, Wish("dev", nodes=4)) == state.load()


@pytest.mark.parametrize("wish", [Wish("dev", nodes=3), Wish("dev", store="sqlite"), Wish("dev", document=HEAD)])
def test_a_stopped_cluster_is_not_changed_by_options(state: StateFolder, wish: Wish) -> None:
    state.create()
    state.save(ClusterConfig("dev", with_nodes(4), store="memory"))
    with pytest.raises(ClusterError, match="svclab down --name dev --delete"):
        resolve(state, wish)


def test_a_damaged_configuration_is_named(state: StateFolder) -> None:
    state.create()
    state.config_file.write_text("{")
    with pytest.raises(ClusterError, match=r"cluster\.json is damaged: .*svclab down --name dev --delete"):
        state.load()


def test_only_logs_that_say_something_stay_of_a_cluster_that_never_came_up(state: StateFolder) -> None:
    state.create()
    state.log("init").touch()
    state.log("apiserver").write_text("error\n")
    state.discard()
    assert [path.name for path in state.root.rglob("*")] == ["logs", "apiserver.log"]
    state.log("apiserver").write_text("")
    state.discard()
    assert not state.root.exists()


def test_a_state_folder_that_is_too_deep_for_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / ("x" * 100)))
    with pytest.raises(ClusterError, match="too long for a Unix socket"):
        StateFolder.of("dev").create()


def test_a_disk_that_is_full(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=12 << 10))
    with pytest.raises(ClusterError, match=r"disk of .* is full: 12 KiB are free, a cluster needs 4096: make room"):
        state.create()
    assert not state.root.exists()


class FakeDriver:
    """Starts nothing."""

    def check(self) -> None: ...
    def prepare(self, *_: object) -> None: ...
    def start(self, *_: object) -> None: ...
    def stop(self, *_: object) -> None: ...
    def delete(self, *_: object) -> None: ...


@pytest.mark.parametrize("user", [0, 1000])
def test_a_stopped_cluster_whose_subnet_the_machine_has_come_to_use(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch, user: int
) -> None:
    """Root's clusters are on the machine's own network; those of others have networks of their own."""
    monkeypatch.setattr(module, "find_driver", lambda name: FakeDriver())
    monkeypatch.setattr(module, "host_networks", list)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    (subnet,) = module.start(Wish("dev"), print, lambda *_: None).networking.node_subnets
    monkeypatch.setattr(module, "host_networks", lambda: [subnet])
    if user:
        assert module.start(Wish("dev"), print, lambda *_: None).networking.node_subnets == (subnet,)
    else:
        with pytest.raises(ClusterError, match="in use here .* keeps its addresses: stop what uses them, or begin"):
            module.start(Wish("dev"), print, lambda *_: None)
    assert module.start(Wish("another"), print, lambda *_: None).networking.node_subnets != (subnet,)


def test_the_damaged_configuration_of_another_cluster_is_no_matter(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_driver", lambda name: FakeDriver())
    monkeypatch.setattr(module, "host_networks", list)
    other = StateFolder.of("other")
    other.create()
    other.config_file.write_text("{")
    assert module.start(Wish("dev"), print, lambda *_: None).networking.node_subnets
    assert other.config_file.read_text() == "{"


def test_what_takes_minutes_comes_before_a_subnet_is_chosen(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another cluster may take the first free subnet while an image is built."""
    taken = [IPv4Network("10.200.0.0/24")]

    class SlowDriver(FakeDriver):
        def prepare(self, *_: object) -> None:
            monkeypatch.setattr(module, "host_networks", lambda: taken)

    monkeypatch.setattr(module, "find_driver", lambda name: SlowDriver())
    monkeypatch.setattr(module, "host_networks", list)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert module.start(Wish("dev"), print, lambda *_: None).networking.node_subnets[0] not in taken


def test_a_new_cluster_finds_nothing_of_one_whose_folder_is_gone(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    class Recording(FakeDriver):
        def start(self, *_: object) -> None:
            done.append("start")

        def delete(self, *_: object) -> None:
            done.append("delete")

    monkeypatch.setattr(module, "find_driver", lambda name: Recording())
    module.start(Wish("dev"), print, lambda *_: None)
    assert done == ["delete", "start"]
    module.start(Wish("dev"), print, lambda *_: None)
    assert done == ["delete", "start", "start"]


def test_the_state_folder_is_for_its_owner_alone(state: StateFolder) -> None:
    state.create()
    assert state.root.stat().st_mode & 0o777 == 0o700


def test_what_never_came_up_leaves_its_logs_or_nothing(state: StateFolder) -> None:
    state.create()
    state.log("supervisor").write_text("why it failed\n")
    state.discard()
    assert [path.name for path in state.root.rglob("*")] == ["logs", "supervisor.log"]
    state.log("supervisor").unlink()
    state.discard()
    assert not state.root.exists()

"""Nodes come, go, freeze and get lost."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.harness import Cluster, eventually


@pytest.fixture
def node(quickstart: Cluster) -> Iterator[str]:
    """A node more for one test."""
    try:
        quickstart.svclab("node", "add", "spare", "-l", "pool=spare")
        yield "spare"
    finally:
        quickstart.run("node", "remove", "spare", check=False)


def forwards(cluster: Cluster, node: str) -> bool:
    """Whether the node's NodePort answers from outside."""
    answers = cluster.ask(("outside",), f"http://{cluster.node_address(node)}:30080/hostname", 20)
    return set(answers) == {"echo-1", "echo-2", "echo-3"}


def status_of(cluster: Cluster, node: str) -> str:
    """The node as a machine."""
    return next(str(item["status"]) for item in cluster.status()["nodes"] if item["name"] == node)


def test_a_new_node_is_ready_and_forwards(quickstart: Cluster, node: str) -> None:
    assert forwards(quickstart, node)
    found = quickstart.json("node", node)
    assert found["metadata"]["labels"]["pool"] == "spare"
    assert found["metadata"]["labels"]["kubernetes.io/hostname"] == node
    assert found["status"]["addresses"][0]["address"] == quickstart.node_address(node)


def test_power_cut_and_power_again(quickstart: Cluster, node: str) -> None:
    address = quickstart.node_address(node)
    quickstart.svclab("node", "stop", node)
    assert status_of(quickstart, node) == "Stopped"
    assert all(line.startswith("!") for line in quickstart.ask(("outside",), f"http://{address}:30080/hostname", 1))
    quickstart.svclab("node", "start", node)
    eventually(lambda: forwards(quickstart, node))
    assert quickstart.node_address(node) == address


def test_a_paused_node_goes_on(quickstart: Cluster, node: str) -> None:
    quickstart.svclab("node", "pause", node)
    assert status_of(quickstart, node) == "Paused"
    assert forwards(quickstart, node)  # its kernel is not frozen
    quickstart.svclab("node", "start", node)
    assert status_of(quickstart, node) == "Running"
    refused = quickstart.run("node", "start", node, check=False)
    assert (refused.returncode, refused.stderr) == (1, f"error: node '{node}' is running already\n")


def test_a_node_cut_off_from_the_api_forwards_what_it_knew(quickstart: Cluster, node: str) -> None:
    quickstart.svclab("node", "disconnect", node, "--from", "api")
    assert forwards(quickstart, node)
    socket = quickstart.folder / "api" / "api.sock"
    assert quickstart.run("node", "exec", node, "--", "test", "-e", str(socket), check=False).returncode == 1
    quickstart.svclab("apply", "-f", "-", stdin=LATE_SERVICE)
    url = f"http://{quickstart.cluster_ip('late')}/hostname"
    eventually(lambda: "echo-1" in quickstart.ask(("node", "exec", "node-1"), url))
    assert all(line.startswith("!") for line in quickstart.ask(("node", "exec", node), url, 1))
    quickstart.svclab("node", "connect", node)
    eventually(lambda: "echo-1" in quickstart.ask(("node", "exec", node), url))
    quickstart.svclab("delete", "service", "late")


def test_a_node_cut_off_from_the_others(quickstart: Cluster, node: str) -> None:
    quickstart.svclab("node", "disconnect", node, "--from", "nodes")
    url = f"http://{quickstart.node_address(node)}:30080/hostname"
    assert all(line.startswith("!") for line in quickstart.ask(("outside",), url, 1))
    quickstart.svclab("node", "connect", node)
    eventually(lambda: forwards(quickstart, node))


def test_a_removed_node_is_forgotten(quickstart: Cluster, node: str) -> None:
    quickstart.svclab("node", "remove", node)
    assert node not in quickstart.svclab("get", "nodes")
    assert not (quickstart.folder / "nodes" / node).exists()
    if os.geteuid() == 0:
        assert not Path(f"/run/netns/svclab-{quickstart.name}-{node}").is_symlink()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("node", "stop", "nowhere"), "node 'nowhere' not found in cluster"),
        (("node", "add", "node-1"), "node 'node-1' exists already"),
        (("node", "add", "Node_1"), "node name: 'Node_1' is not a name"),
        (("node", "add", "outside"), "node name: 'outside' is reserved"),
        (("node", "start", "node-1"), "node 'node-1' is running already"),
        (("node", "exec", "nowhere", "--", "true"), "node 'nowhere' not found"),
        (("node", "exec", "node-1"), "a command must be given after --"),
        (("outside",), "a command must be given after --"),
    ],
)
def test_refusals_are_one_line(cluster: Cluster, arguments: tuple[str, ...], message: str) -> None:
    done = cluster.run(*arguments, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {message}")
    assert done.stderr.count("\n") == 1


def test_the_exit_code_of_a_command_is_passed_on(cluster: Cluster) -> None:
    assert cluster.run("outside", "--", "sh", "-c", "exit 7", check=False).returncode == 7
    assert cluster.run("outside", "--", "no-such-program", check=False).returncode == 127
    assert cluster.run("node", "exec", "node-1", "--", "sh", "-c", "kill -9 $$", check=False).returncode == 128 + 9
    assert cluster.svclab("node", "exec", "node-2", "--", "hostname") == "node-2\n"


LATE_SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: late}
spec:
  selector: {app: echo}
  ports: [{port: 80, targetPort: 8080}]
"""

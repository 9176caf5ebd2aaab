"""What the docker driver asks an engine for, without an engine."""

import io
import re
import tarfile
import tomllib
from dataclasses import replace
from importlib.metadata import requires
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest

from svclab.cluster.addresses import Plan
from svclab.cluster.config import ClusterConfig, Networking, NodeConfig, with_nodes
from svclab.cluster.docker import containers, partition
from svclab.cluster.docker.archives import packed
from svclab.cluster.docker.connection import explained
from svclab.cluster.docker.names import labels, name_of, selector
from svclab.cluster.docker.status import life, nodes
from svclab.cluster.state import StateFolder

NETWORKING = Networking(node_subnets=(IPv4Network("10.200.7.0/24"),))
ROOT = Path(__file__).parents[4]
CONFIG = ClusterConfig("lab", with_nodes(2), NETWORKING, driver="docker")


def option(command: tuple[str, ...], flag: str) -> str:
    return command[command.index(flag) + 1]


def test_a_node_knows_its_server_and_its_address() -> None:
    node = containers.node(CONFIG, NodeConfig("node-2", 2, {"zone": "a"}))
    assert (node.part, node.number) == ("node-2", 3)
    assert option(node.command, "--server") == "10.200.7.252:6443"
    assert option(node.command, "--node-ip") == "10.200.7.3"
    assert option(node.command, "--label") == "zone=a"
    assert node.capabilities == ("NET_ADMIN", "SYS_ADMIN")


def test_the_api_server_listens_for_its_own_names_only_with_tls() -> None:
    server = containers.api_server(CONFIG, 40000)
    assert option(server.command, "--listen") == "0.0.0.0:6443"
    assert {"apiserver", "10.200.7.252"} <= set(server.command)
    assert (server.user, server.capabilities, server.read_only, server.publish) == ("10001", (), True, 40000)


def test_two_address_families() -> None:
    subnets = (IPv4Network("10.200.7.0/24"), IPv6Network("fd00::/64"))
    config = replace(CONFIG, networking=replace(NETWORKING, ip_family="dual", node_subnets=subnets))
    node = containers.node(config, config.nodes[0])
    assert [value for flag, value in zip(node.command, node.command[1:], strict=False) if flag == "--node-ip"] == [
        "10.200.7.2",
        "fd00::2",
    ]
    assert node.sysctls["net.ipv6.conf.all.forwarding"] == "1"
    assert option(containers.api_server(config, 1).command, "--listen") == "[::]:6443"


def test_no_key_or_token_is_on_a_command_line() -> None:
    for item in (containers.api_server(CONFIG, 1), containers.node(CONFIG, CONFIG.nodes[0]), containers.cloud(CONFIG)):
        assert not any("BEGIN" in word for word in item.command)


def test_labels_find_a_cluster_of_one_state_folder() -> None:
    state = StateFolder(Path("/home/me/svclab/lab"))
    assert name_of("lab", "node-1") == "svclab-lab-node-1"
    marks = labels(state, "node-1")
    assert {f"{key}={value}" for key, value in marks.items()} > set(selector(state))


@pytest.mark.parametrize(("peers", "hosts"), [(("api",), ["10.200.7.252"]), (("nodes",), ["10.200.7.2-10.200.7.191"])])
def test_a_partition_drops_both_ways(peers: tuple[str, ...], hosts: list[str]) -> None:
    text = partition.commands(Plan(NETWORKING.node_subnets), NETWORKING.pod_subnets, peers)
    for host in hosts:
        assert f"ip saddr {host} drop" in text
        assert f"ip daddr {host} drop" in text
    assert ("10.244.0.0/16" in text) == ("nodes" in peers)


def test_no_partition_leaves_no_table() -> None:
    text = partition.commands(Plan(NETWORKING.node_subnets), NETWORKING.pod_subnets, ())
    assert text.splitlines() == ["add table inet svclab-partition", "delete table inet svclab-partition"]


def test_credentials_are_packed_for_root_alone_with_the_certificate_last() -> None:
    files = {"client.crt": b"c", "client.key": b"k", "ca.crt": b"a"}
    with tarfile.open(fileobj=io.BytesIO(packed({"token": files}))) as archive:
        members = archive.getmembers()
    assert [member.name for member in members] == ["token", "token/client.key", "token/ca.crt", "token/client.crt"]
    assert [member.mode for member in members] == [0o700, 0o600, 0o600, 0o600]


def test_everything_in_the_image_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    direct = [*project["dependencies"], *project["optional-dependencies"]["tls"]]
    pinned = [*direct, *(ROOT / "compose" / "constraints.txt").read_text().splitlines()[1:]]
    assert all("==" in line for line in pinned)
    names = {canonical(line.partition("==")[0]) for line in pinned}
    wanted = {canonical(line.partition("==")[0]) for line in direct}
    while more := {name for one in wanted for name in needs(one)} - wanted:
        wanted |= more
    assert wanted <= names


def canonical(name: str) -> str:
    return name.strip().lower().replace("_", "-")


def needs(package: str) -> list[str]:
    """What an installed package needs on this Python, extras apart."""
    parts = [line.partition(";") for line in requires(package) or []]
    elsewhere = ("extra ==", "Windows", "version <")
    return [
        canonical(re.split(r"[^\w.-]", name)[0]) for name, _, on in parts if not any(word in on for word in elsewhere)
    ]


def test_status_words() -> None:
    found = {"node-1": {"State": "paused"}, "node-2": {"State": "exited"}}
    assert [life(found, part) for part in ("node-1", "node-2", "node-3")] == ["Paused", "Stopped", "Stopped"]
    assert [(one.name, one.status, one.addresses) for one in nodes(CONFIG, found)] == [
        ("node-1", "Paused", ["10.200.7.2"]),
        ("node-2", "Stopped", ["10.200.7.3"]),
    ]


def test_the_engines_words_are_explained() -> None:
    assert "set another networking.nodeSubnet" in explained("Pool overlaps with other one on this address space")
    assert "choose another --name" in explained("network with name svclab-lab already exists")
    assert explained("something else") == "something else"

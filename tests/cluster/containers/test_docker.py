"""The tests of clusters, unchanged, against the docker driver; and what only containers have."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.cluster.harness import Cluster, eventually, pods_manifest, service_manifest
from tests.cluster.test_cli import (  # noqa: F401
    test_exec_carries_much_data_unharmed,
    test_exec_passes_streams_and_the_exit_code_on,
    test_logs,
    ticker,
)
from tests.cluster.test_crashes import Writer, talking
from tests.cluster.test_nodes import (  # noqa: F401
    forwards,
    node,
    status_of,
    test_a_new_node_is_ready_and_forwards,
    test_a_node_cut_off_from_the_api_forwards_what_it_knew,
    test_a_node_cut_off_from_the_others,
    test_a_removed_node_is_forgotten,
    test_power_cut_and_power_again,
    test_refusals_are_one_line,
)
from tests.cluster.test_traffic import (  # noqa: F401
    test_a_change_of_pods_reaches_every_node,
    test_a_node_reaches_the_cluster_ip,
    test_a_pod_reaches_every_pod_through_the_cluster_ip,
    test_a_service_without_endpoints_refuses_at_once,
    test_the_host_reaches_node_ports,
    test_the_node_port_of_every_node_answers_outside,
)

pytestmark = [
    pytest.mark.optional("a machine need not have an engine"),
    pytest.mark.timeout(600),  # the first of them may build the image
]

SECOND = """
kind: Cluster
apiVersion: svclab/v1alpha1
driver: docker
nodes: [{}, {}]
networking: {podNetwork: vxlan}
loadBalancer: {mode: none}
dns: {replicas: 0}
"""
SPY = """
import asyncio
from pathlib import Path
from protos import kinds
from svclab.client import Client, Target, errors
from svclab.client.credentials import Credentials

async def main():
    own = Credentials.load(Path("/var/lib/svclab/credentials"))
    async with Client(Target.parse("apiserver:6443", own.for_channel())) as client:
        other = await client.get(kinds.NODES, "node-2")
        try:
            await client.update(other)
        except errors.Forbidden as error:
            print(error)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def cluster(docker_cluster: Cluster) -> Cluster:
    return docker_cluster


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], text=True, capture_output=True, check=True).stdout


def inspected(cluster: Cluster) -> dict[str, Any]:
    """The cluster's containers by part."""
    ids = docker("ps", "-aq", "--filter", f"label=svclab.cluster={cluster.name}").split()
    return {item["Config"]["Labels"]["svclab.part"]: item for item in json.loads(docker("inspect", *ids))}


def container(cluster: Cluster, part: str) -> str:
    return f"svclab-{cluster.name}-{part}"


def test_the_least_privileges(cluster: Cluster) -> None:
    for part, item in inspected(cluster).items():
        host = item["HostConfig"]
        assert (host["Privileged"], host["ReadonlyRootfs"]) == (False, True)
        assert not any("docker.sock" in bind for bind in host["Binds"] or [])
        if part.startswith("node-"):
            assert sorted(host["CapAdd"]) == ["NET_ADMIN", "SYS_ADMIN"]
        else:
            assert host["CapDrop"] == ["ALL"]
            assert not set(host["CapAdd"] or []) - {"NET_ADMIN", "NET_BIND_SERVICE"}
    published = inspected(cluster)["apiserver"]["NetworkSettings"]["Ports"]["6443/tcp"]
    assert [port["HostIp"] for port in published] == ["127.0.0.1"]


def test_no_key_is_in_environment_log_or_image(cluster: Cluster) -> None:
    endpoint = cluster.folder / "endpoint"
    for file in endpoint.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600
    assert endpoint.stat().st_mode & 0o777 == 0o700
    for part, item in inspected(cluster).items():
        log = docker("logs", container(cluster, part))
        assert "PRIVATE KEY" not in json.dumps(item) + log
    assert "PRIVATE KEY" not in docker("history", "--no-trunc", inspected(cluster)["node-1"]["Image"])


def test_a_node_cannot_write_another_node(cluster: Cluster) -> None:
    refusal = cluster.svclab("node", "exec", "node-1", "--", "python", "-c", SPY)
    assert '"system:node:node-1" cannot update nodes "node-2"' in refusal
    audit = docker("exec", container(cluster, "apiserver"), "cat", "/var/lib/svclab-apiserver/audit.log")
    assert json.loads(audit.splitlines()[-1])["user"] == "system:node:node-1"


def test_a_paused_node_turns_not_ready_and_comes_back(quickstart: Cluster, node: str) -> None:  # noqa: F811
    def ready() -> str:
        conditions = quickstart.json("node", node)["status"]["conditions"]
        return next(str(item["status"]) for item in conditions if item["type"] == "Ready")

    quickstart.svclab("node", "pause", node)
    assert status_of(quickstart, node) == "Paused"
    assert forwards(quickstart, node)  # its kernel is not frozen
    eventually(lambda: ready() == "Unknown", within=20)
    quickstart.svclab("node", "start", node)
    eventually(lambda: ready() == "True")


def test_nothing_acknowledged_is_lost_when_the_api_server_is_killed(quickstart: Cluster) -> None:
    from protos.kinds import CONFIG_MAPS

    writer = Writer(quickstart)
    writer.start()
    with talking(quickstart):
        eventually(lambda: len(writer.acknowledged) > 30)
        docker("kill", container(quickstart, "apiserver"))
        docker("start", container(quickstart, "apiserver"))
        count = len(writer.acknowledged)
        eventually(lambda: len(writer.acknowledged) > count)
    writer.stopped.set()
    writer.join()
    with quickstart.client() as client:
        present = {
            item.metadata.name for item in client.list(CONFIG_MAPS, "default", label_selector="written=yes").items
        }
    assert set(writer.acknowledged) <= present
    quickstart.svclab("delete", "configmap", "-l", "written=yes")


@pytest.mark.parametrize("part", ["node-3", "cloud"])
def test_the_others_go_on_when_a_container_is_killed_under_load(quickstart: Cluster, part: str) -> None:
    writer = Writer(quickstart)
    writer.start()
    eventually(lambda: len(writer.acknowledged) > 10)
    docker("kill", container(quickstart, part))
    count = len(writer.acknowledged)
    eventually(lambda: len(writer.acknowledged) > count + 10)
    url = f"http://{quickstart.node_address('node-1')}:30080/hostname"
    eventually(lambda: set(quickstart.ask(("outside",), url, 1)) & {"echo-1", "echo-2", "echo-3"}, within=30)
    docker("start", container(quickstart, part))
    writer.stopped.set()
    writer.join()
    assert len(quickstart.json("configmap", "-l", "written=yes")["items"]) >= len(writer.acknowledged)
    quickstart.svclab("delete", "configmap", "-l", "written=yes")
    eventually(lambda: all(forwards(quickstart, one) for one in ("node-1", "node-2", "node-3")), within=30)


def test_everything_comes_back_after_a_restart_of_all_containers(quickstart: Cluster) -> None:
    def places() -> list[tuple[str, str]]:
        nodes = quickstart.json("nodes")["items"]
        pods = quickstart.json("pods", "-l", "app=echo")["items"]
        found = [(item["metadata"]["name"], item["status"]["addresses"][0]["address"]) for item in nodes]
        return found + [(item["metadata"]["name"], item["status"].get("podIP", "")) for item in pods]

    before, address = places(), quickstart.cluster_ip("echo")
    docker("restart", "-t", "1", *(container(quickstart, part) for part in inspected(quickstart)))
    eventually(lambda: places() == before, within=20)
    assert quickstart.cluster_ip("echo") == address
    eventually(lambda: all(forwards(quickstart, one) for one in ("node-1", "node-2", "node-3")), within=30)


def test_a_node_whose_container_was_removed_by_hand_is_started_again(quickstart: Cluster, node: str) -> None:  # noqa: F811
    docker("rm", "-f", container(quickstart, node))
    assert status_of(quickstart, node) == "Stopped"
    quickstart.svclab("node", "start", node)
    eventually(lambda: forwards(quickstart, node))


def tables(cluster: Cluster, node: str) -> str:  # noqa: F811
    return cluster.svclab("node", "exec", node, "--", "nft", "list", "tables")


def test_a_partition_outlives_a_restart_and_heals_in_a_pause(quickstart: Cluster, node: str) -> None:  # noqa: F811
    quickstart.svclab("node", "disconnect", node, "--from", "api")
    docker("restart", "-t", "1", container(quickstart, node))
    eventually(lambda: "svclab-partition" in tables(quickstart, node))
    quickstart.svclab("node", "disconnect", node)  # from all: from the nodes too
    quickstart.svclab("node", "pause", node)
    assert "is paused: start it with" in quickstart.run("node", "disconnect", node, check=False).stderr
    quickstart.svclab("node", "connect", node)
    quickstart.svclab("node", "start", node)
    assert "svclab-partition" not in tables(quickstart, node)
    eventually(lambda: forwards(quickstart, node))


def test_names_and_a_load_balancer(quickstart: Cluster) -> None:
    fetch = "import urllib.request as u; print(u.urlopen('http://echo/hostname', timeout=5).read().decode())"
    eventually(lambda: quickstart.run("exec", "echo-1", "--", "python3", "-c", fetch, check=False).returncode == 0)
    # A name that only docker's resolver knows, which listens where no pod can reach it.
    found = quickstart.svclab("exec", "echo-1", "--", "getent", "hosts", container(quickstart, "apiserver"))
    assert (
        found.split()[0]
        == inspected(quickstart)["apiserver"]["NetworkSettings"]["Networks"][f"svclab-{quickstart.name}"]["IPAddress"]
    )
    quickstart.apply(service_manifest("echo", "LoadBalancer", name="balanced"))
    address = "{.status.loadBalancer.ingress[0].ip}"
    quickstart.svclab("wait", "--for", f"jsonpath={address}", "service/balanced", "--timeout=20s")
    url = f"http://{quickstart.svclab('get', 'service', 'balanced', '-o', f'jsonpath={address}')}/hostname"
    eventually(lambda: set(quickstart.ask(("outside",), url, 20)) == {"echo-1", "echo-2", "echo-3"})
    quickstart.svclab("delete", "service", "balanced")


def test_pods_outlive_their_agent(quickstart: Cluster) -> None:
    kill = 'for p in /proc/[0-9]*; do grep -qa "^python.-m.node_agent" $p/cmdline && kill -9 ${p#/proc/}; done; true'

    def restarts() -> list[int]:
        pods = quickstart.json("pods", "-l", "app=echo")["items"]
        return [pod["status"]["containerStatuses"][0]["restartCount"] for pod in pods]

    before = restarts()
    quickstart.svclab("node", "exec", "node-1", "--", "sh", "-c", kill)
    quickstart.apply(service_manifest("echo", name="after-crash"))
    url = f"http://{quickstart.cluster_ip('after-crash')}/hostname"
    eventually(lambda: "echo-1" in quickstart.ask(("node", "exec", "node-1"), url))
    assert restarts() == before
    quickstart.svclab("delete", "service", "after-crash")


@pytest.fixture
def second(cluster: Cluster) -> Iterator[Cluster]:
    other = Cluster(f"second-{os.getpid()}", cluster.state_home, environment=cluster.environment, python="python3")
    yield other
    other.run("down", "--delete", check=False)


def test_two_clusters_side_by_side_the_other_with_vxlan(quickstart: Cluster, second: Cluster) -> None:
    config = second.state_home / "second.yaml"
    config.write_text(SECOND)
    second.svclab("up", "--config", str(config), "--name", second.name)
    assert second.svclab("get", "nodes", "-o", "name").split() == ["node/node-1", "node/node-2"]
    assert second.node_address("node-1") != quickstart.node_address("node-1")
    stranger = Cluster(second.name, Path(second.state_home, "elsewhere"), environment=second.environment)
    refused = stranger.run("up", "--driver", "docker", check=False)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert f"{second.folder} is on this engine: choose another --name" in refused.stderr
    second.apply(pods_manifest("far", 2) + service_manifest("far"))
    second.wait_ready("app=far")
    url = f"http://{second.cluster_ip('far')}/hostname"
    eventually(lambda: set(second.ask(("exec", "far-1"), url, 20)) == {"far-1", "far-2"})
    second.svclab("down")
    refused = stranger.run("up", "--driver", "docker", check=False)  # there are only volumes now
    assert f"volume {container(second, 'apiserver')} belongs to {second.folder}: remove it" in refused.stderr
    second.svclab("up")
    second.svclab("down", "--delete")
    for what in ("container", "volume", "network"):
        flags = ["-aq"] if what == "container" else ["-q"]
        assert docker(what, "ls", *flags, "--filter", f"label=svclab.cluster={second.name}") == ""
    assert forwards(quickstart, "node-1")


@pytest.mark.parametrize(
    ("host", "message"),
    [
        ("unix:///nowhere/docker.sock", "error: no docker engine answers: start it"),
        ("tcp://127.0.0.1:1", "error: no docker engine answers: start it"),
    ],
)
def test_without_an_engine(tmp_path: Path, host: str, message: str) -> None:
    alone = Cluster("alone", tmp_path, environment={"DOCKER_HOST": host})
    done = alone.run("up", "--driver", "docker", check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith(message)
    assert "--driver netns" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not use the engine")
def test_without_permission(ordinary_user: tuple[tuple[str, ...], Path], image: str) -> None:
    user, home = ordinary_user
    done = Cluster("alone", home, user).run("up", "--driver", "docker", check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("error: no permission to use the docker engine: add yourself to the group docker")


def test_a_token_is_for_one_node(cluster: Cluster, tmp_path: Path) -> None:
    cluster.svclab("token", "create", "node-9", "--out", str(tmp_path / "token"))
    subject = x509.load_pem_x509_certificate((tmp_path / "token" / "client.crt").read_bytes()).subject
    assert subject.rfc4514_string() == "CN=system:bootstrap:node-9,O=system:bootstrappers"
    assert (tmp_path / "token" / "client.key").stat().st_mode & 0o777 == 0o600


def test_an_image_that_is_missing(tmp_path: Path, image: str) -> None:
    alone = Cluster("alone", tmp_path, environment={"SVCLAB_IMAGE": "svclab:nowhere"})
    done = alone.run("up", "--driver", "docker", check=False)
    assert done.returncode == 1
    assert "the image svclab:nowhere is missing: build it" in done.stderr

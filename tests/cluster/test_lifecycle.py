"""Clusters come up, come back, stand side by side, and leave nothing behind."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cluster.conftest import MakeCluster
from tests.cluster.harness import QUICKSTART, Cluster, eventually


def traces(cluster: Cluster) -> list[str]:
    """All that this machine knows of a cluster: processes, links, namespaces, mounts."""
    found = [f"process {pid}" for pid in _processes(cluster)]
    found += [
        link for link in subprocess.check_output(["ip", "-br", "link"], text=True).split() if cluster.name in link
    ]
    names = Path("/run/netns")
    found += [str(name) for name in names.iterdir() if cluster.name in name.name] if names.exists() else []
    found += [line for line in Path("/proc/mounts").read_text().splitlines() if cluster.name in line]
    return found


def _processes(cluster: Cluster) -> list[str]:
    """Processes that see the cluster's folder in what they have open or wrote their output to."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                targets = [os.readlink(entry / "fd" / number) for number in ("0", "1", "2")]
            except OSError:
                continue
            if any(target.startswith(str(cluster.folder)) for target in targets):
                found.append(entry.name)
    return found


def test_down_leaves_nothing_behind_and_up_brings_everything_back(make_cluster: MakeCluster) -> None:
    cluster = make_cluster()
    cluster.svclab("up", "--nodes", "2")
    cluster.svclab("apply", "-f", str(QUICKSTART))
    cluster.wait_ready("app=echo")
    before = _facts(cluster)
    assert traces(cluster)
    assert cluster.svclab("down") == f"cluster '{cluster.name}' stopped\n"
    assert traces(cluster) == []
    refused = cluster.run("get", "services", check=False)
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    cluster.svclab("up")
    cluster.wait_ready("app=echo")
    assert _facts(cluster) == before
    eventually(lambda: set(cluster.ask(("outside",), _node_port(cluster))) == {"echo-1", "echo-2", "echo-3"})
    cluster.svclab("down", "--delete")
    assert not cluster.folder.exists()
    assert traces(cluster) == []


def _facts(cluster: Cluster) -> list[tuple[str, ...]]:
    """What must be the same after a restart."""
    services = [(item["metadata"]["uid"], item["spec"]["clusterIP"]) for item in cluster.json("services")["items"]]
    pods = [
        (item["metadata"]["uid"], item["metadata"]["name"], item["spec"]["nodeName"], item["status"]["podIP"])
        for item in cluster.json("pods")["items"]
    ]
    nodes = [(node["name"], *node["addresses"]) for node in cluster.status()["nodes"]]
    return [*services, *pods, *nodes]


def _node_port(cluster: Cluster) -> str:
    return f"http://{cluster.node_address('node-1')}:30080/hostname"


@pytest.mark.parametrize("victim", ["init", "supervisor"])
def test_down_cleans_up_after_a_crash(make_cluster: MakeCluster, victim: str) -> None:
    cluster = make_cluster()
    cluster.svclab("up", "--nodes", "1")
    pids = _processes(cluster)
    os.kill(cluster.pid(victim), signal.SIGKILL)
    if victim == "init":
        eventually(lambda: not any(Path("/proc", pid, "ns", "net").exists() for pid in pids))
        assert "Stopped" in cluster.svclab("clusters")
    cluster.svclab("down")
    assert traces(cluster) == []


def test_up_after_everything_was_killed(make_cluster: MakeCluster) -> None:
    cluster = make_cluster()
    cluster.svclab("up", "--nodes", "1")
    os.kill(cluster.pid("init"), signal.SIGKILL)
    cluster.svclab("up")
    assert len(cluster.json("nodes")["items"]) == 1


def test_clusters_side_by_side_do_not_touch_each_other(quickstart: Cluster, make_cluster: MakeCluster) -> None:
    other = make_cluster("other")
    other.svclab("up", "--nodes", "1", "--store", "memory")
    assert "echo" not in other.svclab("get", "services")
    subnets = {item["name"]: item["nodeSubnet"] for item in json.loads(other.svclab("clusters", "-o", "json"))}
    assert subnets[other.name] != subnets[quickstart.name]
    other.svclab("down", "--delete")
    answers = quickstart.ask(("outside",), _node_port(quickstart))
    assert set(answers) == {"echo-1", "echo-2", "echo-3"}


def test_two_ups_at_once(make_cluster: MakeCluster) -> None:
    cluster = make_cluster()
    both = [cluster.begin("up", "--nodes", "1"), cluster.begin("up", "--nodes", "1")]
    codes = sorted(one.wait(timeout=60) for one in both)
    for one in both:
        assert one.stdout is not None
        one.stdout.close()
    assert codes == [0, 1]
    assert len(cluster.json("nodes")["items"]) == 1


def test_an_interrupted_up_leaves_nothing(make_cluster: MakeCluster) -> None:
    cluster = make_cluster("own", ("env", "--default-signal=INT"))  # a shell may have started us with SIGINT ignored
    starting = cluster.begin("up", "--nodes", "3")
    eventually(lambda: (cluster.folder / "run" / "supervisor.lock").exists())
    starting.send_signal(signal.SIGINT)
    assert starting.wait(timeout=30) == 130
    assert starting.stdout is not None
    starting.stdout.close()
    assert traces(cluster) == []
    assert cluster.name not in cluster.svclab("clusters")


def test_a_cluster_as_a_file(make_cluster: MakeCluster, tmp_path: Path) -> None:
    cluster = make_cluster("file")
    file = tmp_path / "cluster.yaml"
    file.write_text(
        "kind: Cluster\napiVersion: svclab/v1alpha1\n"
        "nodes: [{name: alpha, labels: {zone: a}}]\n"
        "networking: {serviceSubnet: 10.7.0.0/16, podSubnet: 10.8.0.0/16, nodePortRange: 31000-31999}\n"
    )
    cluster.svclab("up", "--name", cluster.name, "--config", str(file))
    (node,) = cluster.json("nodes")["items"]
    assert (node["metadata"]["name"], node["metadata"]["labels"]["zone"]) == ("alpha", "a")
    assert node["spec"]["podCIDR"].startswith("10.8.")
    assert cluster.cluster_ip("kubernetes") == "10.7.0.1"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("up", "--name", "Big_Name"), "cluster name: 'Big_Name' is not a name"),
        (("up", "--config", "/no/such/file"), "/no/such/file: No such file or directory"),
        (("up", "--config", "Makefile"), "Makefile"),
        (("up", "--config", "examples/quickstart.yaml"), "examples/quickstart.yaml: holds"),
        (("up", "--config", "pyproject.toml"), "pyproject.toml"),
        (("up", "--config", "compose/compose.yaml"), "compose/compose.yaml: "),
        (("down", "--name", "nowhere"), "no cluster 'nowhere'"),
        (("status", "--name", "nowhere"), "no cluster 'nowhere'"),
    ],
)
def test_refusals_are_one_line(state_home: Path, arguments: tuple[str, ...], message: str) -> None:
    done = Cluster("nowhere", state_home).run(*arguments, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {message}")
    assert done.stderr.count("\n") == 1


def test_up_of_a_running_cluster(cluster: Cluster) -> None:
    done = cluster.run("up", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: cluster '{cluster.name}' is already running")


def test_a_missing_program_is_said_before_anything_is_started(state_home: Path, tmp_path: Path) -> None:
    cluster = Cluster("poor", state_home, environment={"PATH": str(tmp_path)})
    done = cluster.run("up", check=False)
    assert done.returncode == 1
    assert done.stderr == "error: the program `ip` is missing: install it (Debian: apt-get install iproute2)\n"
    assert not cluster.folder.exists()


def test_a_limit_of_the_kernel_is_said_before_anything_is_started(make_cluster: MakeCluster) -> None:
    limited = ("unshare", "-Ur", "sh", "-c", 'echo 0 > /proc/sys/user/max_net_namespaces && exec "$@"', "sh")
    cluster = make_cluster("limited", limited)
    done = cluster.run("up", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: the limit of namespaces is reached: ")
    assert cluster.name not in cluster.svclab("clusters")


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's cluster sees no networks of the host")
def test_a_subnet_in_use(state_home: Path, cluster: Cluster, tmp_path: Path) -> None:
    subnet = json.loads(cluster.svclab("status", "-o", "json"))["node_subnet"]
    file = tmp_path / "cluster.yaml"
    file.write_text(f"kind: Cluster\napiVersion: svclab/v1alpha1\nnetworking: {{nodeSubnet: {subnet}}}\n")
    done = Cluster("clash", state_home).run("up", "--config", str(file), check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: networking.nodeSubnet: {subnet} is in use here")
    assert not (state_home / "svclab" / "clash" / "cluster.json").exists()

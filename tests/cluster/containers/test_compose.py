"""The tests of clusters, unchanged, against compose/compose.yaml; and what the compose file promises itself."""

import shutil
import subprocess
import urllib.request

import pytest

from tests.cluster.containers.compose import ComposeCluster, published
from tests.cluster.harness import ROOT, eventually
from tests.cluster.test_cli import (  # noqa: F401
    test_exec_passes_streams_and_the_exit_code_on,
    test_logs,
    ticker,
)
from tests.cluster.test_traffic import (  # noqa: F401
    test_a_change_of_pods_reaches_every_node,
    test_a_node_reaches_the_cluster_ip,
    test_a_pod_reaches_every_pod_through_the_cluster_ip,
    test_a_service_without_endpoints_refuses_at_once,
    test_the_node_port_of_every_node_answers_outside,
)

pytestmark = [
    pytest.mark.optional("a machine need not have an engine"),
    pytest.mark.timeout(600),  # the first of them may build the image
]


@pytest.fixture(scope="module")
def cluster(compose_cluster: ComposeCluster) -> ComposeCluster:
    return compose_cluster


def health(cluster: ComposeCluster, service: str, number: int = 1) -> str:
    form = "{{.State.Health.Status}}"
    command = ["docker", "inspect", "-f", form, cluster.container(service, number)]
    return subprocess.run(command, text=True, capture_output=True, check=True).stdout.strip()


@pytest.mark.parametrize(("service", "count"), [("api", 1), ("cloud", 1), ("node", 3), ("outside", 1)])
def test_every_service_is_healthy(quickstart: ComposeCluster, service: str, count: int) -> None:
    for number in range(1, count + 1):
        eventually(lambda number=number: health(quickstart, service, number) == "healthy", within=30)  # type: ignore[misc]


def test_a_node_without_rules_is_not_healthy(quickstart: ComposeCluster) -> None:
    check = ["docker", "exec", quickstart.container("node"), "svclab-node-healthy"]
    assert subprocess.run(check, check=False).returncode == 0
    api, node = quickstart.container("api"), quickstart.container("node")
    try:
        subprocess.run(["docker", "kill", api], capture_output=True, check=True)
        subprocess.run(["docker", "restart", "-t", "1", node], capture_output=True, check=True)
        proxy = [*check[:-1], "curl", "-fsS", "http://127.0.0.1:10256/healthz"]
        eventually(lambda: subprocess.run(proxy, capture_output=True, check=False).returncode == 0)
        assert subprocess.run(check, check=False).returncode != 0
    finally:
        subprocess.run(["docker", "start", api], capture_output=True, check=True)
    eventually(lambda: subprocess.run(check, check=False).returncode == 0, within=20)


def test_a_node_that_has_joined_holds_no_token(quickstart: ComposeCluster) -> None:
    look = ["docker", "exec", quickstart.container("node", 2), "ls", "/credentials/join", "/credentials/cluster-dns"]
    done = subprocess.run(look, text=True, capture_output=True, check=True)
    assert done.stdout.count("client.key") == 1  # of the cluster's DNS, which runs here


def test_a_published_port_answers_on_localhost(quickstart: ComposeCluster) -> None:
    address = published(quickstart, "node", 30080)
    assert address.startswith("127.0.0.1:")
    assert urllib.request.urlopen(f"http://{address}/hostname", timeout=5).read().startswith(b"echo-")


def test_the_server_by_address_finds_its_context(quickstart: ComposeCluster) -> None:
    address = published(quickstart, "api", 6443).replace("127.0.0.1", "localhost")
    assert quickstart.svclab("--server", address, "get", "nodes", "-o", "name").count("node/") == 3


@pytest.mark.skipif(shutil.which("docker") is None, reason="docker is missing")
@pytest.mark.parametrize("program", ["up", "down"])
def test_without_an_engine(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    done = subprocess.run([ROOT / "compose" / program], text=True, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("no docker engine answers: start it")


def test_scale(quickstart: ComposeCluster) -> None:
    quickstart.compose("up", "-d", "--no-recreate", "--scale", "node=4", "node")
    eventually(lambda: "node-4" in quickstart.svclab("get", "nodes"), within=20)
    quickstart.svclab("wait", "--for=condition=Ready", "node", "node-4", "--timeout=20s")
    url = f"http://{quickstart.cluster_ip('echo')}/hostname"
    eventually(lambda: set(quickstart.ask(("node", "exec", "node-4"), url, 30)) == {"echo-1", "echo-2", "echo-3"})
    quickstart.compose("up", "-d", "--no-recreate", "--scale", "node=3", "node")
    quickstart.svclab("delete", "node", "node-4")  # nobody else tells the cluster that it will not come back


def test_nodes_keep_their_addresses_when_all_containers_restart(quickstart: ComposeCluster) -> None:
    names = ("node-1", "node-2", "node-3")
    before = {name: quickstart.node_address(name) for name in names}
    containers = [quickstart.container("node", number) for number in (3, 1, 2)] + [quickstart.container("api")]
    subprocess.run(["docker", "restart", "-t", "1", *containers], capture_output=True, check=True)
    ready = ("wait", "--for=condition=Ready", "node", "--all", "--timeout=10s")
    eventually(lambda: quickstart.run(*ready, check=False).returncode == 0, within=30)
    assert {name: quickstart.node_address(name) for name in names} == before
    url = f"http://{before['node-2']}:30080/hostname"
    eventually(lambda: set(quickstart.ask(("outside",), url, 30)) == {"echo-1", "echo-2", "echo-3"}, within=30)

"""The cloud's load balancer as outside clients, the host, pods and nodes see it, with real packets."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.harness import SVCLAB, Cluster, eventually, pods_manifest

Answers = list[dict[str, str]]
MakeCluster = Callable[..., Cluster]

# Asks each target (udp or tcp, host, port) so many times; prints a JSON list of answers per target.
ASK = r"""
import json, socket, sys
def ask(protocol, host, port):
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as client:
        client.settimeout(1.0)
        client.connect((host, port))
        client.sendall(b"who" if protocol == "udp" else b"GET / HTTP/1.0\r\n\r\n")
        text = client.recv(4096).decode() if protocol == "udp" else client.makefile().read().partition("\n\n")[2]
    parts = text.split() if protocol == "udp" else text.replace(": ", "=").splitlines()
    return {name: value for name, _, value in (part.partition("=") for part in parts)}
def safely(*target):
    try:
        return ask(*target)
    except OSError as error:
        return {"error": str(error)}
count, *targets = json.loads(sys.argv[1])
print(json.dumps([[safely(*target) for _ in range(count)] for target in targets]))
"""

SERVICE = """
---
apiVersion: v1
kind: Service
metadata:
  name: {name}
  labels: {{suite: lb}}
  annotations: {annotations}
spec:
  type: LoadBalancer
  selector: {{app: balanced}}
  ports:
  - {{name: web, port: 80, targetPort: 8080}}
  - {{name: who, port: 5000, targetPort: 8080, protocol: UDP}}
{more}"""
LOCAL = "  externalTrafficPolicy: Local\n"
PROXY = "{cloud.svclab.dev/mode: proxy}"


def service(name: str, more: str = "", annotations: str = "{}") -> str:
    """A Service in front of the pods `balanced`: TCP on 80, UDP on 5000."""
    return SERVICE.format(name=name, more=more, annotations=annotations)


def ask(cluster: Cluster, where: Sequence[str], *targets: tuple[str, str, int], count: int = 12) -> list[Answers]:
    """The answers of each target (tcp or udp, host, port); `where` as in Cluster.ask, () for the host itself."""
    question = json.dumps([count, *targets])
    if not where:
        done = subprocess.run([sys.executable, "-c", ASK, question], text=True, capture_output=True, check=True).stdout
    else:
        python = "python3" if where[0] == "exec" else cluster.python
        done = cluster.svclab(*where, "--", python, "-c", ASK, question)
    answers: list[Answers] = json.loads(done)
    return answers


def pods_of(answers: Answers) -> set[str]:
    assert not [answer for answer in answers if "error" in answer], answers
    return {answer["pod"] for answer in answers}


def clients_of(answers: Answers) -> set[str]:
    """The source addresses that the pods saw, without ports."""
    return {answer["client"].rpartition(":")[0].strip("[]") for answer in answers}


def addresses(cluster: Cluster, name: str) -> list[str]:
    """The addresses that the cloud gave a Service."""
    ingress = cluster.json("service", name)["status"].get("loadBalancer", {}).get("ingress", [])
    return [entry["ip"] for entry in ingress]


def address(cluster: Cluster, name: str) -> str:
    return eventually(lambda: addresses(cluster, name))[0]


def cloud_status(cluster: Cluster, name: str) -> Any:
    rows = json.loads(cluster.svclab("cloud", "status", "-o", "json"))
    return next(row for row in rows if row["name"] == name)


def answering(cluster: Cluster, name: str) -> str:
    """The address of a Service, once all that shall answer there does: every node is in rotation that can be."""
    found = address(cluster, name)
    eventually(lambda: cloud_status(cluster, name)["healthy"])
    eventually(lambda: not any("error" in a for a in ask(cluster, ("outside",), ("tcp", found, 80), count=5)[0]))
    return found


@pytest.fixture(scope="module")
def balanced(cluster: Cluster) -> Iterator[Cluster]:
    """Two pods, so that one node has none, behind a Service of each sort."""
    manifest = service("vip") + service("local", LOCAL) + service("proxy", annotations=PROXY)
    cluster.apply(pods_manifest("balanced", 2) + manifest)
    cluster.wait_ready("app=balanced")
    for name in ("vip", "local", "proxy"):
        answering(cluster, name)
    yield cluster
    cluster.svclab("delete", "service", "-l", "suite=lb")
    cluster.svclab("delete", "pod", "-l", "app=balanced")


BOTH = {"balanced-1", "balanced-2"}


def test_everybody_reaches_every_load_balancer_by_tcp_and_udp(balanced: Cluster) -> None:
    targets = [
        (protocol, address(balanced, name), port)
        for name in ("vip", "local", "proxy")
        for protocol, port in (("tcp", 80), ("udp", 5000))
    ]
    wheres: list[tuple[str, ...]] = [("outside",), ("exec", "balanced-1"), ("node", "exec", "node-1")]
    for where in [*wheres, ()] if os.geteuid() == 0 else wheres:
        for target, answers in zip(targets, ask(balanced, where, *targets, count=24), strict=True):
            assert pods_of(answers) == BOTH, (where, target)


def test_the_local_policy_keeps_the_client_and_uses_only_nodes_with_endpoints(balanced: Cluster) -> None:
    found = address(balanced, "local")
    outside = f"{found.rpartition('.')[0]}.253"
    for answers in ask(balanced, ("outside",), ("tcp", found, 80), ("udp", found, 5000)):
        assert clients_of(answers) == {outside}
    pods = balanced.json("pods", "-l", "app=balanced")["items"]
    assert set(cloud_status(balanced, "local")["healthy"]) == {pod["spec"]["nodeName"] for pod in pods}
    assert len(cloud_status(balanced, "local")["unhealthy"]) == 1


def test_services_share_a_port_and_an_unused_one_is_refused(balanced: Cluster) -> None:
    assert len({address(balanced, name) for name in ("vip", "local", "proxy")}) == 3
    (answers,) = ask(balanced, ("outside",), ("tcp", address(balanced, "vip"), 81), count=1)
    assert "refused" in answers[0]["error"]


@pytest.mark.parametrize("name", ["vip", "proxy"])
def test_source_ranges_let_in_whom_they_name(balanced: Cluster, name: str) -> None:
    found = address(balanced, name)
    outside, target = f"{found.rpartition('.')[0]}.253", ("tcp", found, 80)
    for ranges, let_in in (([f"{outside}/32"], True), (["192.0.2.0/24"], False)):
        balanced.svclab("patch", "service", name, "-p", json.dumps({"spec": {"loadBalancerSourceRanges": ranges}}))
        eventually(lambda: ("error" not in ask(balanced, ("outside",), target, count=1)[0][0]) == let_in)  # noqa: B023
    balanced.svclab("patch", "service", name, "-p", '{"spec": {"loadBalancerSourceRanges": null}}')


def test_a_node_that_loses_its_last_endpoint_leaves_the_rotation(cluster: Cluster) -> None:
    cluster.apply(pods_manifest("balanced", 2) + service("drained", LOCAL))
    cluster.wait_ready("app=balanced")
    found = answering(cluster, "drained")
    eventually(lambda: len(cloud_status(cluster, "drained")["healthy"]) == 2)
    node = cluster.json("pod", "balanced-1")["spec"]["nodeName"]
    cluster.svclab("delete", "pod", "balanced-1")
    eventually(lambda: node in cloud_status(cluster, "drained")["unhealthy"])
    assert pods_of(ask(cluster, ("outside",), ("tcp", found, 80), count=20)[0]) == {"balanced-2"}
    cluster.svclab("delete", "service", "drained")
    cluster.svclab("delete", "pod", "-l", "app=balanced")


def test_a_health_check_port_that_somebody_else_has_is_an_event(cluster: Cluster) -> None:
    squat = "import socket, time; s = socket.create_server(('', 31999)); print('here', flush=True); time.sleep(15)"
    holder = cluster.begin("node", "exec", "node-1", "--", "python3", "-c", squat)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "here\n"
        cluster.apply(service("squatted", LOCAL + "  healthCheckNodePort: 31999\n"))
        text = 'node node-1 failed to start healthcheck "default/squatted" on port 31999: '
        eventually(lambda: text in cluster.svclab("events", "--for", "service/squatted"))
        assert "node-2 failed" not in cluster.svclab("events", "--for", "service/squatted")
    finally:
        holder.kill()
        holder.wait()
        assert holder.stdout is not None
        holder.stdout.close()
        cluster.svclab("delete", "service", "squatted")


def test_a_deleted_service_frees_its_address(cluster: Cluster) -> None:
    cluster.apply(service("first"))
    freed = address(cluster, "first")
    cluster.svclab("delete", "service", "first")
    cluster.apply(service("second"))
    assert address(cluster, "second") == freed
    cluster.svclab("delete", "service", "second")


def test_a_fault_leaves_it_pending_and_says_why(cluster: Cluster) -> None:
    cluster.svclab("cloud", "fault", "quota")
    cluster.apply(service("unlucky"))
    eventually(lambda: "quota exceeded" in cluster.svclab("describe", "service", "unlucky"))
    assert "<pending>" in cluster.svclab("get", "service", "unlucky")
    cluster.svclab("cloud", "fault", "none")
    before = address(cluster, "unlucky")
    cluster.svclab("cloud", "fault", "readdress", "unlucky")
    eventually(lambda: addresses(cluster, "unlucky") not in ([], [before]))
    cluster.svclab("delete", "service", "unlucky")


CONFIG = """
kind: Cluster
apiVersion: svclab/v1alpha1
nodes: [{}, {}]
networking: {ipFamily: dual}
dns: {replicas: 0}
loadBalancer: {probeInterval: 300ms}
"""
DUAL = "  ipFamilyPolicy: RequireDualStack\n"

# Asks again and again until its input ends; prints how many answers and how many failures there were.
LOAD = r"""
import select, socket, sys
counts, host = {"ok": 0, "failed": 0}, sys.argv[1]
print("started", flush=True)
while not select.select([sys.stdin], [], [], 0.004)[0]:
    try:
        with socket.create_connection((host, 80), timeout=3) as client:
            client.sendall(b"GET /hostname HTTP/1.0\r\n\r\n")
            counts["ok" if client.recv(4096) else "failed"] += 1
    except OSError:
        counts["failed"] += 1
print(counts["ok"], counts["failed"])
"""


def test_both_families_a_crash_of_the_cloud_and_a_dead_node(make_cluster: MakeCluster, tmp_path: Path) -> None:
    own = make_cluster("dual")
    (tmp_path / "cluster.yaml").write_text(CONFIG)
    own.run("up", "--name", own.name, "--config", str(tmp_path / "cluster.yaml"))
    own.apply(pods_manifest("balanced", 2) + service("dual", DUAL + LOCAL))
    own.wait_ready("app=balanced")
    found = eventually(lambda: addresses(own, "dual"))
    assert [":" in one for one in found] == [False, True]
    answering(own, "dual")
    targets = [(protocol, one, port) for one in found for protocol, port in (("tcp", 80), ("udp", 5000))]
    eventually(lambda: [pods_of(answers) for answers in ask(own, ("outside",), *targets)] == [BOTH] * 4)

    command = [SVCLAB, "outside", "--", sys.executable, "-c", LOAD, found[0]]
    load = subprocess.Popen(command, env=own.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert load.stdout is not None
    load.stdout.readline()
    pid = own.pid("cloud-agent")
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: own.pid("cloud-agent") != pid)
    own.apply(service("after"))
    assert address(own, "after") not in found
    answered, failed = map(int, load.communicate()[0].split())
    assert answered > 20
    assert failed == 0
    assert addresses(own, "dual") == found

    own.svclab("node", "stop", "node-2")
    eventually(lambda: cloud_status(own, "dual")["healthy"] == ["node-1"], within=2.0)
    assert pods_of(ask(own, ("outside",), ("tcp", found[0], 80), count=20)[0]) == {"balanced-1"}

"""Names from pods: the ordinary libc resolver, through kube-dns' address and so through the data plane."""

from collections.abc import Iterator

import pytest

from tests.cluster.harness import Cluster, eventually, pods_manifest, service_manifest

KUBE_DNS = "10.96.0.10"

MANIFEST = """
---
apiVersion: v1
kind: Service
metadata: {name: heads, labels: {suite: dns}}
spec: {clusterIP: None, selector: {app: named}, ports: [{name: http, port: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: alias, labels: {suite: dns}}
spec: {type: ExternalName, externalName: named.default.svc.cluster.local}
"""

# One question of the type to the pod's own nameserver; prints the answer's code and how many records it has.
QUESTION = r"""
import socket, struct, sys
name, kind = sys.argv[1], int(sys.argv[2])
server = next(line.split()[1] for line in open("/etc/resolv.conf") if line.startswith("nameserver"))
labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
query = struct.pack("!6H", 7, 0x100, 1, 0, 0, 0) + labels + struct.pack("!2H", kind, 1)
if sys.argv[3] == "udp":
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(3)
    client.sendto(query, (server, 53))
    answer, source = client.recvfrom(4096)
    assert source == (server, 53), source
else:
    client = socket.create_connection((server, 53), timeout=3)
    client.sendall(struct.pack("!H", len(query)) + query)
    answer = client.makefile("rb").read(struct.unpack("!H", client.recv(2, socket.MSG_WAITALL))[0])
_, flags, _, count, _, _ = struct.unpack("!6H", answer[:12])
print(flags & 15, count)
"""
SRV, A = 33, 1


@pytest.fixture(scope="module")
def named(cluster: Cluster) -> Iterator[Cluster]:
    cluster.apply(pods_manifest("named", 2) + service_manifest("named") + MANIFEST)
    cluster.wait_ready("app=named")
    cluster.svclab("wait", "--for=condition=Ready", "pod", "-n", "kube-system", "-l", "k8s-app=kube-dns")
    yield cluster
    cluster.svclab("delete", "service", "named", "heads", "alias")
    cluster.svclab("delete", "pod", "-l", "app=named")


def shell(cluster: Cluster, script: str) -> list[str]:
    """The lines that a shell script prints in a pod; errors among them."""
    return cluster.run("exec", "named-1", "--", "sh", "-c", script, check=False).stdout.splitlines()


def servers(cluster: Cluster) -> list[dict[str, str]]:
    """The DNS pods that are there and not about to end."""
    pods = cluster.json("pods", "-n", "kube-system", "-l", "k8s-app=kube-dns")["items"]
    return [
        {"name": pod["metadata"]["name"], "node": pod["spec"].get("nodeName", "")}
        for pod in pods
        if "deletionTimestamp" not in pod["metadata"]
    ]


def test_two_servers_on_two_nodes_stand_behind_the_address_of_every_pods_resolv_conf(named: Cluster) -> None:
    assert len({server["node"] for server in servers(named)}) == 2
    assert named.json("service", "kube-dns", "-n", "kube-system")["spec"]["clusterIP"] == KUBE_DNS
    assert shell(named, "cat /etc/resolv.conf") == [
        "search default.svc.cluster.local svc.cluster.local cluster.local",
        f"nameserver {KUBE_DNS}",
        "options ndots:5",
    ]


def test_libc_resolves_every_form_of_a_name(named: Cluster) -> None:
    address = named.cluster_ip("named")
    for name in ("named", "named.default", "named.default.svc", "named.default.svc.cluster.local", "alias"):
        (line,) = shell(named, f"getent ahostsv4 {name} | head -n 1")
        assert line.split()[0] == address, name
    pods = {pod["status"]["podIP"] for pod in named.json("pods", "-l", "app=named")["items"]}
    assert {line.split()[0] for line in shell(named, "getent ahostsv4 heads")} == pods
    (line,) = shell(named, f"getent hosts {address}")
    assert line.split() == [address, "named.default.svc.cluster.local"]


def test_curl_reaches_services_by_name(named: Cluster) -> None:
    urls = "http://named/hostname http://named.default.svc.cluster.local/hostname http://alias/hostname"
    answers = shell(named, f"for url in {urls} http://heads:8080/hostname; do curl -sSm 5 $url; echo; done")
    assert len(answers) == 4
    assert set(answers) <= {"named-1", "named-2"}


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_records_of_each_sort_come_over_udp_and_tcp(named: Cluster, protocol: str) -> None:
    questions = {
        ("_http._tcp.heads.default.svc.cluster.local", SRV): "0 2",
        ("heads.default.svc.cluster.local", A): "0 2",
        ("nobody.default.svc.cluster.local", A): "3 0",
    }
    asked = "; ".join(f"python3 -c '{QUESTION}' {name} {kind} {protocol}" for name, kind in questions)
    assert shell(named, asked) == list(questions.values())


def test_names_outside_fail_fast_where_there_is_no_way_out(named: Cluster) -> None:
    assert shell(named, "timeout 5 getent hosts www.example.invalid; echo $?")[-1] == "2"


def test_a_server_that_is_deleted_is_replaced_and_hardly_missed(named: Cluster) -> None:
    before = servers(named)
    named.svclab("delete", "pod", "-n", "kube-system", before[0]["name"], "--wait=false")
    assert shell(named, "for n in 1 2 3 4 5 6 7 8; do getent ahostsv4 named >/dev/null || echo lost; done") == []
    eventually(lambda: len(servers(named)) == 2)
    assert before[0]["name"] not in {server["name"] for server in servers(named)}
    named.svclab("wait", "--for=condition=Ready", "pod", "-n", "kube-system", *(s["name"] for s in servers(named)))


def test_a_service_that_is_deleted_comes_back_with_its_address(named: Cluster) -> None:
    named.svclab("delete", "service", "kube-dns", "-n", "kube-system")
    eventually(lambda: named.run("get", "service", "kube-dns", "-n", "kube-system", check=False).returncode == 0)
    assert named.json("service", "kube-dns", "-n", "kube-system")["spec"]["clusterIP"] == KUBE_DNS
    eventually(lambda: shell(named, "getent ahostsv4 named"))

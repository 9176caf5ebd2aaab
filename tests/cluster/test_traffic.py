"""Requests through Services, from everywhere that a client can be."""

import os
import subprocess
import sys

import pytest

from tests.cluster.harness import HTTP_CLIENT, Cluster, eventually, pods_manifest, service_manifest

NAMES = {"echo-1", "echo-2", "echo-3"}


@pytest.mark.parametrize("node", ["node-1", "node-2", "node-3"])
def test_a_pod_reaches_every_pod_through_the_cluster_ip(quickstart: Cluster, node: str) -> None:
    pods = {
        pod["spec"]["nodeName"]: pod["metadata"]["name"] for pod in quickstart.json("pods", "-l", "app=echo")["items"]
    }
    answers = quickstart.ask(("exec", pods[node]), f"http://{quickstart.cluster_ip('echo')}/hostname", 40)
    assert set(answers) == NAMES


@pytest.mark.parametrize("node", ["node-1", "node-2", "node-3"])
def test_the_node_port_of_every_node_answers_outside(quickstart: Cluster, node: str) -> None:
    url = f"http://{quickstart.node_address(node)}:30080/hostname"
    assert set(quickstart.ask(("outside",), url, 40)) == NAMES


def test_a_node_reaches_the_cluster_ip(quickstart: Cluster) -> None:
    url = f"http://{quickstart.cluster_ip('echo')}/hostname"
    assert set(quickstart.ask(("node", "exec", "node-1"), url, 40)) == NAMES


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's clusters can be reached from the host")
def test_the_host_reaches_node_ports(quickstart: Cluster) -> None:
    url = f"http://{quickstart.node_address('node-2')}:30080/hostname"
    client = [sys.executable, "-c", HTTP_CLIENT, url, "40"]
    assert set(subprocess.run(client, text=True, capture_output=True, check=True).stdout.split()) == NAMES


def test_a_change_of_pods_reaches_every_node(cluster: Cluster) -> None:
    cluster.apply(pods_manifest("change", 2) + service_manifest("change"))
    cluster.wait_ready("app=change")
    url = f"http://{cluster.cluster_ip('change')}/hostname"
    eventually(lambda: set(cluster.ask(("node", "exec", "node-3"), url, 20)) == {"change-1", "change-2"})
    cluster.svclab("delete", "pod", "change-1")
    eventually(lambda: set(cluster.ask(("node", "exec", "node-3"), url, 20)) == {"change-2"})
    cluster.svclab("delete", "pod,service", "-l", "app=change")
    cluster.svclab("delete", "service", "change", "--ignore-not-found")


def test_a_service_without_endpoints_refuses_at_once(cluster: Cluster) -> None:
    cluster.apply(service_manifest("nobody"))
    url = f"http://{cluster.cluster_ip('nobody')}/hostname"
    eventually(lambda: all("refused" in line for line in cluster.ask(("node", "exec", "node-1"), url, 3)))
    cluster.svclab("delete", "service", "nobody")


RIVAL = """
---
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec:
  selector: {{app: {name}}}
  externalIPs: [192.0.2.77, "2001:db8::77"]
  ports: [{{port: 80, targetPort: 8080}}]
"""


def test_of_two_that_claim_an_address_one_has_it_and_the_other_says_so(cluster: Cluster) -> None:
    first, second = RIVAL.format(name="rival-a"), RIVAL.format(name="rival-b")
    cluster.apply(pods_manifest("rival-a", 1) + "---" + pods_manifest("rival-b", 1) + first)
    cluster.apply(second)
    cluster.wait_ready("app=rival-a")
    cluster.wait_ready("app=rival-b")

    def answers() -> set[str]:
        return set(cluster.ask(("exec", "rival-b-1"), "http://192.0.2.77/hostname", 10))

    eventually(lambda: answers() == {"rival-a-1"})
    loser = eventually(
        lambda: _events(cluster, "rival-b", "192.0.2.77:80/TCP is claimed by Service default/rival-a too")
    )
    assert "AddressConflict" in loser and "KubeProxyIncorrectIPVersion" in loser
    assert "2001:db8::77 in externalIPs has incorrect IP version" in loser
    assert "AddressConflict" not in cluster.svclab("events", "--for", "service/rival-a")
    cluster.svclab("delete", "service", "rival-a")
    eventually(lambda: answers() == {"rival-b-1"})
    cluster.svclab("delete", "service", "rival-b")
    cluster.svclab("delete", "pod", "-l", "app in (rival-a,rival-b)")


def _events(cluster: Cluster, service: str, text: str) -> str:
    """The Service's events once one of them says `text`, "" before."""
    found = cluster.svclab("events", "--for", f"service/{service}")
    return found if text in found else ""

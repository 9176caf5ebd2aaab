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

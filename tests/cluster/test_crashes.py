"""kill -9 of any process under load: no acknowledged write is lost, connections flow on, everything converges."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from protos.kinds import CONFIG_MAPS
from protos.kubernetes import core_pb2
from svclab.client import errors
from tests.cluster.harness import Cluster, eventually, service_manifest

# Holds one connection through a Service and prints a dot for each answer on it.
TALKER = """
import socket, sys, time
connection = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5)
answers = connection.makefile("rb")
while True:
    connection.sendall(b"GET /hostname HTTP/1.1\\r\\nHost: echo\\r\\n\\r\\n")
    length = 0
    while (line := answers.readline()) not in (b"\\r\\n", b""):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    if not answers.read(length):
        sys.exit("the connection ended")
    print(".", flush=True)
    time.sleep(0.01)
"""


@contextmanager
def talking(cluster: Cluster) -> Iterator[None]:
    """One connection from outside through a NodePort that must go on, whatever happens meanwhile."""
    address = cluster.node_address("node-1")
    talker = cluster.begin("outside", "--", cluster.python, "-c", TALKER, address, "30080")
    assert talker.stdout is not None
    try:
        assert talker.stdout.readline() == ".\n"
        yield
        for _ in range(20):
            assert talker.stdout.readline() == ".\n"
        assert talker.poll() is None
    finally:
        talker.kill()
        talker.wait()
        talker.stdout.close()


class Writer(threading.Thread):
    """Creates ConfigMaps as fast as it can; `acknowledged` are those that the API server said it has."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(daemon=True)
        self.cluster = cluster
        self.acknowledged: list[str] = []
        self.stopped = threading.Event()

    def run(self) -> None:
        with self.cluster.client() as client:
            number = 0
            while not self.stopped.is_set():
                number += 1
                item = core_pb2.ConfigMap()
                item.metadata.name, item.metadata.namespace = f"written-{number}", "default"
                item.metadata.labels["written"] = "yes"
                try:
                    client.create(item)
                except errors.ApiError:
                    time.sleep(0.01)
                else:
                    self.acknowledged.append(item.metadata.name)


def kill(cluster: Cluster, process: str) -> None:
    """kill -9, and a wait for the successor."""
    pid = cluster.pid(process)
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: cluster.pid(process) != pid)


def test_no_acknowledged_write_is_lost_when_the_api_server_dies(quickstart: Cluster) -> None:
    writer = Writer(quickstart)
    writer.start()
    with talking(quickstart):
        for target in (40, 80, 120):
            eventually(lambda target=target: len(writer.acknowledged) > target)  # type: ignore[misc]
            kill(quickstart, "apiserver")
    writer.stopped.set()
    writer.join()
    with quickstart.client() as client:
        present = {
            item.metadata.name for item in client.list(CONFIG_MAPS, "default", label_selector="written=yes").items
        }
    assert set(writer.acknowledged) <= present
    quickstart.svclab("delete", "configmap", "-l", "written=yes")


@pytest.mark.parametrize("process", ["node-1-agent", "supervisor", "apiserver"])
def test_what_is_changed_after_a_crash_reaches_the_nodes(quickstart: Cluster, process: str) -> None:
    with talking(quickstart):
        kill(quickstart, process)
        quickstart.apply(service_manifest("echo", name="after-crash"))
        url = f"http://{quickstart.cluster_ip('after-crash')}/hostname"
        for node in ("node-1", "node-2"):
            eventually(lambda node=node: "echo-1" in quickstart.ask(("node", "exec", node), url))  # type: ignore[misc]
    pods = quickstart.json("pods", "-l", "app=echo")["items"]
    assert [pod["status"]["containerStatuses"][0]["restartCount"] for pod in pods] == [0, 0, 0]
    quickstart.svclab("delete", "service", "after-crash")


def test_the_supervisor_dies_while_it_is_busy(cluster: Cluster) -> None:
    machines = {item["name"]: item["pid"] for item in cluster.status()["processes"] if item["name"] != "supervisor"}
    for _ in range(3):
        kill(cluster, "supervisor")
    after = {item["name"]: item["pid"] for item in cluster.status()["processes"] if item["name"] != "supervisor"}
    assert after == machines
    cluster.svclab("node", "add", "extra")
    cluster.svclab("node", "remove", "extra")

"""A cluster in containers: how long its start takes, by the docker driver and by compose, and its memory when idle."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, table
from svclab.cluster.docker import image
from svclab.cluster.docker.connection import connect
from tests.cluster.containers.compose import ComposeCluster
from tests.cluster.harness import QUICKSTART as EXAMPLE
from tests.cluster.harness import Cluster

RUNS = 3
MEMORY_UNITS = {"KiB": 1 / 1024, "MiB": 1.0, "GiB": 1024.0}
# Prints a line as soon as a URL answers.
FIRST_ANSWER = """
import sys, time, urllib.request
while True:
    try:
        urllib.request.urlopen(sys.argv[1], timeout=1).read()
        break
    except OSError:
        time.sleep(0.01)
"""


def main() -> int:
    """Prints the table; 1 if a goal is missed."""
    begun = time.monotonic()
    environment = {image.CHOSEN: image.ensure(connect(), lambda step: print(step, file=sys.stderr))}
    build = time.monotonic() - begun
    figures = [Figure("image build with a cached base", build, "s", 60, 1)] if build > 1 else []
    with tempfile.TemporaryDirectory(prefix="svclab-") as home:
        figures += driver(Cluster(f"bench-{os.getpid()}", Path(home), environment=environment, python="python3"))
        figures += compose(ComposeCluster(f"bench{os.getpid()}", Path(home), environment=environment | PLACE))
    print(table(figures))
    return 0 if all(figure.reached for figure in figures) else 1


PLACE = {"SVCLAB_NETWORK": "10.253", "SVCLAB_PORT": "36443", "SVCLAB_NODE_PORTS": "36444-36500"}


def driver(cluster: Cluster) -> Iterator[Figure]:
    """`up` to the first answer through a ClusterIP, and a node more until it forwards."""
    answered, added = [], []
    try:
        for _ in range(RUNS):
            begun = time.monotonic()
            cluster.svclab("up", "--driver", "docker", "--nodes", "3")
            cluster.svclab("apply", "-f", str(EXAMPLE))
            url = f"http://{cluster.cluster_ip('echo')}/hostname"
            cluster.svclab("node", "exec", "node-2", "--", "python3", "-c", FIRST_ANSWER, url)
            answered.append(time.monotonic() - begun)
            begun = time.monotonic()
            cluster.svclab("node", "add")
            cluster.svclab("node", "exec", "node-4", "--", "python3", "-c", FIRST_ANSWER, url)
            added.append(time.monotonic() - begun)
            cluster.svclab("down", "--delete")
    finally:
        cluster.run("down", "--delete", check=False)
    yield Figure("up --driver docker, apply, first answer", statistics.median(answered), "s", 4, RUNS)
    yield Figure("node add until it forwards", statistics.median(added), "s", 3, RUNS)


def compose(cluster: ComposeCluster) -> Iterator[Figure]:
    """`docker compose up` until every container is healthy, and the memory of them all."""
    usable = []
    try:
        for _ in range(RUNS):
            cluster.compose("down", "-v")
            begun = time.monotonic()
            cluster.compose("up", "-d")
            while healthy(cluster) < 5:
                time.sleep(0.05)
            usable.append(time.monotonic() - begun)
        time.sleep(20)  # until it is idle
        used = memory(cluster)
    finally:
        cluster.compose("down", "-v")
    yield Figure("compose up until usable", statistics.median(usable), "s", 8, RUNS)
    yield Figure("idle memory of a 3-node compose cluster", used, "MiB", 350, 1)


def healthy(cluster: ComposeCluster) -> int:
    """How many containers of the project are."""
    return len(containers(cluster, "--filter", "health=healthy"))


def containers(cluster: ComposeCluster, *flags: str) -> list[str]:
    """The ids of the project's containers."""
    label = f"label=com.docker.compose.project={cluster.name}"
    return subprocess.check_output(["docker", "ps", "-q", "--filter", label, *flags], text=True).split()


def memory(cluster: ComposeCluster) -> float:
    """MiB of all containers of the project."""
    shown = subprocess.check_output(
        ["docker", "stats", "--no-stream", "--format", "{{.MemUsage}}", *containers(cluster)], text=True
    )
    return sum(float(line.split()[0][:-3]) * MEMORY_UNITS[line.split()[0][-3:]] for line in shown.splitlines())


if __name__ == "__main__":
    sys.exit(main())

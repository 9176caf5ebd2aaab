"""How long a user waits for the command, and how much memory the processes take."""

import statistics
import time
from collections.abc import Iterator

from bench.figures import Figure
from bench.probe import Probe
from svclab.cluster.state import StateFolder
from tests.cluster.harness import QUICKSTART, Cluster

RUNS = 5
COMMANDS = 15
CLUSTER_IP = "10.96.77.77"
MANIFEST = QUICKSTART.read_text().replace("  selector:\n", f"  clusterIP: {CLUSTER_IP}\n  selector:\n", 1)


def start_and_stop(cluster: Cluster) -> Iterator[Figure]:
    """`up` to the first answered request through a ClusterIP, `up` alone, and `down`."""
    answered, ups, downs = [], [], []
    for _ in range(RUNS):
        begun = time.monotonic()
        cluster.svclab("up", "--nodes", "3")
        ups.append(time.monotonic() - begun)
        cluster.apply(MANIFEST)
        pid = StateFolder(cluster.folder).pid("node-2-agent")
        assert pid
        with Probe(pid) as probe:
            probe.begin(CLUSTER_IP, 80)
            answered.append(probe.answered() - begun)
        begun = time.monotonic()
        cluster.svclab("down")
        downs.append(time.monotonic() - begun)
        cluster.svclab("down", "--delete")
    yield Figure("up --nodes 3, apply, first answer through a ClusterIP", statistics.median(answered), "s", 1.5, RUNS)
    yield Figure("up --nodes 3 until all nodes are Ready", statistics.median(ups), "s", 1.5, RUNS)
    yield Figure("down", statistics.median(downs), "s", 1.0, RUNS)


def commands(cluster: Cluster) -> Iterator[Figure]:
    """`svclab get svc` as a whole process."""
    durations = []
    for _ in range(COMMANDS):
        begun = time.monotonic()
        cluster.svclab("get", "svc")
        durations.append((time.monotonic() - begun) * 1000)
    yield Figure("svclab get svc", statistics.median(durations), "ms", 150, COMMANDS)


def new_nodes(cluster: Cluster) -> Iterator[Figure]:
    """A node more, until it is Ready and answers for a Service that was there before."""
    durations = []
    for _ in range(RUNS):
        begun = time.monotonic()
        cluster.svclab("node", "add", "more")
        pid = next(int(agent["pid"]) for agent in cluster.agents() if agent["name"] == "more-agent")
        with Probe(pid) as probe:
            probe.begin(cluster.cluster_ip("echo"), 80)
            durations.append(probe.answered() - begun)
        cluster.svclab("node", "remove", "more")
    yield Figure("node add until it forwards a Service", statistics.median(durations), "s", 3.0, RUNS)


def memory(cluster: Cluster) -> Iterator[Figure]:
    """Resident memory after everything else has been measured."""
    agents = [agent["rss"] / (1 << 20) for agent in cluster.agents()]
    server = next(item["rss"] / (1 << 20) for item in cluster.status()["processes"] if item["name"] == "apiserver")
    yield Figure("resident memory of a node agent", statistics.median(agents), "MiB", 60, len(agents))
    yield Figure("resident memory of the API server", server, "MiB", 150, 1)

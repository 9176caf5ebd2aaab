"""Measures everything and prints the table; takes about a minute."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from bench import changes, dns, lifecycle, proxy, throughput
from bench.figures import Figure, table
from tests.cluster.harness import QUICKSTART, Cluster


def main() -> int:
    """Runs the measurements in a cluster of their own; 1 if a goal is missed."""
    home = Path(tempfile.mkdtemp(prefix="svclab-bench-"))
    cluster = Cluster(f"bench-{os.getpid()}", home)
    try:
        figures = measure(cluster)
    finally:
        cluster.run("down", "--delete", check=False)
        shutil.rmtree(home, ignore_errors=True)
    if missing := dns.missing_tools():
        print(f"the DNS is not measured: {missing}", file=sys.stderr)
    else:
        figures += dns.rates()
    figures += proxy.figures()
    print(table(figures))
    return 0 if all(figure.reached for figure in figures) else 1


def measure(cluster: Cluster) -> list[Figure]:
    """All figures."""
    figures = list(lifecycle.start_and_stop(cluster))
    cluster.svclab("up", "--nodes", "3")
    cluster.svclab("apply", "-f", str(QUICKSTART))
    cluster.wait_ready("app=echo")
    for part in (
        lifecycle.commands,
        lifecycle.new_nodes,
        changes.service_latency,
        throughput.cluster_ip_ratio,
        lifecycle.memory,
    ):
        figures += part(cluster)
    return figures


if __name__ == "__main__":
    sys.exit(main())

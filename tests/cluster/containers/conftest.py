"""One cluster by the docker driver and one by docker compose, which all tests here share, where an engine answers."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from svclab.cluster.docker import image as images
from svclab.cluster.docker.connection import connect
from svclab.cluster.errors import ClusterError
from tests.cluster.containers.compose import ComposeCluster, free_network, present
from tests.cluster.harness import QUICKSTART, Cluster, eventually

CONFIG = """
kind: Cluster
apiVersion: svclab/v1alpha1
driver: docker
nodes: [{}, {}, {}]
timers: {heartbeat: 1s, nodeMonitorGracePeriod: 6s}
"""


@pytest.fixture(scope="session")
def image() -> str:
    """The image of the code under test, built once; without an engine the tests are skipped, or fail if one must be."""
    try:
        return images.ensure(connect(), print)
    except ClusterError as error:
        if os.environ.get("SVCLAB_REQUIRE_DOCKER"):
            pytest.fail(f"SVCLAB_REQUIRE_DOCKER is set: {error}")
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def docker_cluster(image: str) -> Iterator[Cluster]:
    """Three nodes whose heartbeat is quick."""
    with tempfile.TemporaryDirectory(prefix="svclab-") as home:
        cluster = Cluster(f"test-{os.getpid()}", Path(home), environment={images.CHOSEN: image}, python="python3")
        config = Path(home) / "cluster.yaml"
        config.write_text(CONFIG)
        try:
            cluster.run("up", "--config", str(config), "--name", cluster.name)
            yield cluster
        finally:
            cluster.run("down", "--delete", check=False)


@pytest.fixture(scope="session")
def compose_cluster(image: str) -> Iterator[ComposeCluster]:
    """The compose file's cluster with its outside client, and a context for it."""
    if not present():
        pytest.skip("neither docker compose nor docker-compose is on this machine")
    with tempfile.TemporaryDirectory(prefix="svclab-") as home:
        base = 33000 + os.getpid() % 1000
        settings = {
            images.CHOSEN: image,
            "SVCLAB_NETWORK": free_network(),
            "SVCLAB_PORT": str(base),
            "SVCLAB_NODE_PORTS": f"{base + 1000}-{base + 1030}",
        }
        cluster = ComposeCluster(f"svclabtest{os.getpid()}", Path(home), environment=settings)
        try:
            cluster.compose("--profile", "clients", "up", "-d")
            cluster.svclab("context", "add", cluster.name, "--container", cluster.container("api"))
            eventually(lambda: cluster.svclab("get", "nodes", "-o", "name").count("node/") == 3, within=30)
            yield cluster
        finally:
            cluster.compose("--profile", "clients", "down", "-v", "--remove-orphans")


@pytest.fixture(scope="module")
def quickstart(cluster: Cluster) -> Cluster:
    """A module's own `cluster`, one of those above, with the README's example in it."""
    cluster.svclab("wait", "--for=condition=Ready", "node", "--all", "--timeout=30s")
    cluster.svclab("apply", "-f", str(QUICKSTART))
    cluster.wait_ready("app=echo")
    return cluster

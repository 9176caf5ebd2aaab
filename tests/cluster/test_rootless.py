"""The same as an ordinary user."""

from pathlib import Path

import pytest

from tests.cluster.conftest import MakeCluster
from tests.cluster.harness import QUICKSTART


@pytest.mark.optional(reason="the working copy may lie where no ordinary user can read it")
def test_an_ordinary_user_has_it_all(ordinary_user: tuple[tuple[str, ...], Path], make_cluster: MakeCluster) -> None:
    user, home = ordinary_user
    cluster = make_cluster("user", user, home)
    cluster.svclab("up", "--nodes", "2")
    cluster.svclab("apply", "-f", str(QUICKSTART))
    cluster.wait_ready("app=echo")
    everyone = {"echo-1", "echo-2", "echo-3"}
    assert set(cluster.ask(("exec", "echo-1"), f"http://{cluster.cluster_ip('echo')}/hostname", 40)) == everyone
    for node in ("node-1", "node-2"):
        url = f"http://{cluster.node_address(node)}:30080/hostname"
        assert set(cluster.ask(("outside",), url, 40)) == everyone
    cluster.environment["PATH"] = "/usr/local/bin:/usr/bin:/bin"  # Debian's for ordinary users
    assert "table ip svclab\n" in cluster.svclab("node", "exec", "node-1", "--", "nft", "list", "tables")
    cluster.svclab("node", "add")
    cluster.svclab("node", "stop", "node-1")
    cluster.svclab("node", "start", "node-1")
    cluster.svclab("down", "--delete")
    assert not cluster.folder.exists()

"""Where node ports answer, where the cluster's configuration chooses it."""

from collections.abc import Callable
from pathlib import Path

from tests.cluster.harness import Cluster, eventually, pods_manifest, service_manifest

CONFIG = """
kind: Cluster
apiVersion: svclab/v1alpha1
nodes: [{}]
networking: {nodePortAddresses: [0.0.0.0/0]}
dns: {replicas: 0}
loadBalancer: {mode: none}
"""


def test_node_ports_follow_the_addresses_of_a_node(make_cluster: Callable[..., Cluster], tmp_path: Path) -> None:
    own = make_cluster("addresses")
    (tmp_path / "cluster.yaml").write_text(CONFIG)
    own.run("up", "--name", own.name, "--config", str(tmp_path / "cluster.yaml"))
    own.apply(pods_manifest("web", 1) + service_manifest("web", "NodePort"))
    own.wait_ready("app=web")
    port = own.json("service", "web")["spec"]["ports"][0]["nodePort"]
    first = own.node_address("node-1")
    second = f"{first.rpartition('.')[0]}.77"

    def answers(address: str) -> bool:
        return own.ask(("outside",), f"http://{address}:{port}/hostname", 1) == {"web-1": 1}

    assert answers(first)
    assert not answers(second)
    own.svclab("node", "exec", "node-1", "--", "ip", "addr", "add", f"{second}/32", "dev", "eth0")
    eventually(lambda: answers(second))
    text = own.svclab("trace", "--from", "outside", "--to", f"{first}:{port}", "--send")  # else its exit code is 1
    assert "the node port of default/web" in text
    own.svclab("node", "exec", "node-1", "--", "ip", "addr", "del", f"{second}/32", "dev", "eth0")
    eventually(lambda: not answers(second))
    assert answers(first)

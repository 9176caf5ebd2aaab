"""The pod network over VXLAN."""

from pathlib import Path

from tests.cluster.conftest import MakeCluster
from tests.cluster.harness import eventually, pods_manifest, service_manifest

CONFIG = """
kind: Cluster
apiVersion: svclab/v1alpha1
nodes: [{}, {}]
networking: {podNetwork: vxlan}
"""


def test_services_reach_pods_on_other_nodes(make_cluster: MakeCluster, tmp_path: Path) -> None:
    cluster = make_cluster("vx")
    (tmp_path / "cluster.yaml").write_text(CONFIG)
    cluster.run("up", "--config", str(tmp_path / "cluster.yaml"), "--name", cluster.name)
    cluster.apply(pods_manifest("far", 2) + service_manifest("far", "NodePort"))
    cluster.wait_ready("app=far")
    pods = {pod["spec"]["nodeName"]: pod for pod in cluster.json("pods", "-l", "app=far")["items"]}
    assert set(pods) == {"node-1", "node-2"}
    url = f"http://{pods['node-2']['status']['podIP']}:8080/hostname"
    name = pods["node-1"]["metadata"]["name"]
    assert set(cluster.ask(("exec", name), url, 3)) == {pods["node-2"]["metadata"]["name"]}
    everyone = {"far-1", "far-2"}
    service = f"http://{cluster.cluster_ip('far')}/hostname"
    eventually(lambda: set(cluster.ask(("exec", name), service, 20)) == everyone)
    port = cluster.json("service", "far")["spec"]["ports"][0]["nodePort"]
    outside = f"http://{cluster.node_address('node-1')}:{port}/hostname"
    eventually(lambda: set(cluster.ask(("outside",), outside, 20)) == everyone)
    routes = cluster.svclab("node", "exec", "node-1", "--", "ip", "route")
    assert "dev svclab-vxlan" in routes

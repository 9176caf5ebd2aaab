"""`svclab trace --send` for SCTP: its packets are made by hand, and go the predicted way on every kernel."""

from tests.cluster.harness import Cluster, pods_manifest

SERVICES = """
---
apiVersion: v1
kind: Service
metadata: {name: association}
spec:
  type: NodePort
  selector: {app: association}
  ports: [{port: 7, targetPort: 8080, protocol: SCTP}]
---
apiVersion: v1
kind: Service
metadata: {name: nobody}
spec:
  selector: {app: nobody}
  ports: [{port: 7, protocol: SCTP}]
"""


def test_sctp_packets_go_as_predicted(cluster: Cluster) -> None:
    cluster.apply(pods_manifest("association", 2) + SERVICES)
    cluster.wait_ready("app=association")
    for source, target, observed in (
        ("pod/association-1", "association:7/sctp", "its destination becomes"),
        ("node/node-1", "association:7/sctp", "its destination becomes"),
        ("outside", "association:7/sctp", "its destination becomes"),
        ("pod/association-1", "nobody:7/sctp", "the client was refused"),
    ):
        text = cluster.svclab("trace", "--from", source, "--to", target, "--send")  # else its exit code is 1
        assert observed in text.partition("Observed:")[2], text
    cluster.svclab("delete", "service", "association", "nobody")
    cluster.svclab("delete", "pod", "-l", "app=association")

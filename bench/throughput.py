"""How much a ClusterIP costs: bytes between pods of two nodes through it, over bytes sent directly."""

import statistics
from collections.abc import Iterator

from bench.figures import Figure
from tests.cluster.harness import Cluster

ROUNDS = 7
SECONDS = 1.0

SERVER = """
import socket, threading
def pour(connection):
    block = memoryview(bytes(1 << 20))
    try:
        while True:
            connection.send(block)
    except OSError:
        connection.close()
listener = socket.create_server(("", 9000))
while True:
    threading.Thread(target=pour, args=(listener.accept()[0],), daemon=True).start()
"""

CLIENT = """
import socket, sys, time
connection = socket.create_connection((sys.argv[1], 9000))
block = bytearray(1 << 20)
total, begun = 0, time.monotonic()
while time.monotonic() - begun < float(sys.argv[2]):
    total += connection.recv_into(block)
print(total / (time.monotonic() - begun))
"""


def cluster_ip_ratio(cluster: Cluster) -> Iterator[Figure]:
    """Direct and through the ClusterIP in turn, so that both see the same machine."""
    cluster.apply(_manifest())
    cluster.wait_ready("bench=throughput")
    direct = str(cluster.json("pod", "source")["status"]["podIP"])
    virtual = cluster.cluster_ip("source")
    speeds: dict[str, list[float]] = {direct: [], virtual: []}
    for _ in range(ROUNDS):
        for address, seen in speeds.items():
            seen.append(float(cluster.svclab("exec", "sink", "--", "python3", "-c", CLIENT, address, str(SECONDS))))
    ratio = statistics.median(speeds[virtual]) / statistics.median(speeds[direct])
    gigabits = statistics.median(speeds[direct]) * 8 / 1e9
    yield Figure(f"ClusterIP over direct throughput ({gigabits:.1f} Gbit/s)", ratio, "", 0.95, ROUNDS, at_least=True)


def _manifest() -> str:
    program = "\n".join(f"        {line}" for line in SERVER.strip().splitlines())
    return f"""
apiVersion: v1
kind: Pod
metadata: {{name: source, labels: {{bench: throughput, app: source}}}}
spec:
  nodeName: node-1
  containers:
  - name: main
    image: python
    command:
      - python3
      - -c
      - |
{program}
    readinessProbe: {{tcpSocket: {{port: 9000}}, periodSeconds: 1}}
---
apiVersion: v1
kind: Pod
metadata: {{name: sink, labels: {{bench: throughput}}}}
spec:
  nodeName: node-2
  containers: [{{name: main, image: pause}}]
---
apiVersion: v1
kind: Service
metadata: {{name: source}}
spec:
  selector: {{app: source}}
  ports: [{{port: 9000}}]
"""

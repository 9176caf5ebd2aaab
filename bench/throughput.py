"""How much a ClusterIP costs: bytes between pods of two nodes through it, over bytes sent directly."""

import json
import statistics
from collections.abc import Iterator

from bench.figures import Figure
from tests.cluster.harness import Cluster

ROUNDS = 60
SECONDS = 0.3

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

# One process takes both ways in turn, and which goes first changes every round: what a machine does in a
# second (a core is woken, a neighbour runs) then meets both alike. With a process for each sample the
# same cluster was measured anywhere from 0.65 to 1.03.
CLIENT = """
import json, socket, sys, time
ways, rounds, seconds = sys.argv[1:3], int(sys.argv[3]), float(sys.argv[4])
block = bytearray(1 << 20)
def speed(address):
    total, begun = 0, time.monotonic()
    with socket.create_connection((address, 9000)) as connection:
        while (passed := time.monotonic() - begun) < seconds:
            total += connection.recv_into(block)
    return total / passed
seen = {way: [] for way in ways}
for turn in range(rounds):
    for way in ways if turn % 2 else reversed(ways):
        seen[way].append(speed(way))
print(json.dumps([seen[way] for way in ways]))
"""


def cluster_ip_ratio(cluster: Cluster) -> Iterator[Figure]:
    """All bytes that came through the ClusterIP over all that came from the pod itself, in equal times.

    Totals, as medians of the same samples were seen to vary twice as much from run to run.
    """
    cluster.apply(_manifest())
    cluster.wait_ready("bench=throughput")
    ways = (str(cluster.json("pod", "source")["status"]["podIP"]), cluster.cluster_ip("source"))
    command = ("python3", "-c", CLIENT, *ways, str(ROUNDS), str(SECONDS))
    direct, virtual = map(statistics.mean, json.loads(cluster.svclab("exec", "sink", "--", *command)))
    name = f"ClusterIP over direct throughput ({direct * 8 / 1e9:.1f} Gbit/s)"
    yield Figure(name, virtual / direct, "", 0.95, ROUNDS, at_least=True)


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

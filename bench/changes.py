"""How long it takes from a Service that is written to a request that is answered on the other nodes."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

from bench.figures import Figure, percentile
from bench.probe import Probe
from protos.kubernetes import core_pb2
from tests.cluster.harness import Cluster

CHANGES = 200
GAP = 0.05  # seconds between changes: each is one change, not part of a burst


def service_latency(cluster: Cluster) -> Iterator[Figure]:
    """Services over running pods, asked for on every node from the moment before they are written."""
    delays = []
    with ExitStack() as stack:
        probes = [stack.enter_context(Probe(int(agent["pid"]))) for agent in cluster.agents()]
        client = stack.enter_context(cluster.client())
        for number in range(CHANGES):
            address = f"10.96.{100 + number // 200}.{number % 200 + 1}"
            for probe in probes:
                probe.begin(address, 80)
            time.sleep(GAP)
            begun = time.monotonic()
            client.create(_service(number, address))
            delays += [(probe.answered() - begun) * 1000 for probe in probes]
    yield Figure("Service written to answered on each node, p50", percentile(delays, 50), "ms", 20, len(delays))
    yield Figure("Service written to answered on each node, p99", percentile(delays, 99), "ms", 100, len(delays))


def _service(number: int, address: str) -> core_pb2.Service:
    service = core_pb2.Service()
    service.metadata.name, service.metadata.namespace = f"bench-{number}", "default"
    service.spec.clusterIP = address
    service.spec.selector["app"] = "echo"
    port = service.spec.ports.add()
    port.port, port.protocol = 80, "TCP"
    port.targetPort.type, port.targetPort.intVal = 0, 8080
    return service

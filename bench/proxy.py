"""The node's proxy in a kernel of its own namespace: full passes, single changes and bursts, at several sizes.

`python -m bench.proxy [SERVICES...]`; ten endpoints a Service. As an ordinary user it works in a user namespace.
"""

import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from ipaddress import IPv4Address
from typing import NamedTuple

from bench.figures import percentile
from node_agent.nft.kernel import KernelNft
from node_agent.proxy.changes import Changes
from node_agent.proxy.facts import NodeFacts, ServiceName, service_facts, slice_facts
from node_agent.proxy.sync import Sync
from protos.kubernetes import core_pb2, discovery_pb2

SIZES = (1000, 3000, 10_000)
ENDPOINTS = 10
SINGLE_CHANGES = 200
BURST = 1000
INSIDE = "SVCLAB_BENCH_INSIDE"
NODE = NodeFacts("node-1", ("172.18.0.2",), ("10.244.1.0/24",))
FIRST_VIP, FIRST_POD = IPv4Address("10.96.0.10"), IPv4Address("10.244.0.1")


class Row(NamedTuple):
    """What one size costs, in milliseconds and MiB."""

    services: int
    facts: float
    full: float
    change_p50: float
    change_p99: float
    burst: float
    memory: float


def main(arguments: list[str]) -> int:
    """Prints the table."""
    if INSIDE not in os.environ:
        _enter_namespace()
    print("services  facts ms  full ms  change p50 ms  p99 ms  1,000 at once ms  memory MiB", flush=True)
    for size in map(int, arguments or map(str, SIZES)):
        row = _in_child(size)
        print(
            f"{row.services:8}  {row.facts:8.0f}  {row.full:7.0f}  {row.change_p50:13.2f}  {row.change_p99:6.2f}"
            f"  {row.burst:16.0f}  {row.memory:10.0f}",
            flush=True,
        )
    return 0


def measure(size: int) -> Row:
    """In this process and network namespace."""
    changes, nft = Changes(), KernelNft()
    sync = Sync(changes, nft, ("10.96.0.0/12",))
    facts = _timed(lambda: _put(changes, range(size)))
    changes.drain()
    full = _timed(lambda: sync.full(NODE))
    single = [_timed(partial(_change_one, changes, sync, number)) for number in range(SINGLE_CHANGES)]
    burst = _timed(lambda: _arrive(changes, sync, range(size, size + BURST)))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Row(size, facts, full, percentile(single, 50), percentile(single, 99), burst, memory)


def _put(changes: Changes, numbers: range) -> None:
    for number in numbers:
        name = ServiceName("default", f"service-{number}")
        changes.put_service(name, service_facts(_service(name, number)))
        changes.put_slice(("default", name.name), slice_facts(_slice(name, number, ENDPOINTS)))


def _change_one(changes: Changes, sync: Sync, number: int) -> None:
    """One endpoint of a Service goes."""
    name = ServiceName("default", f"service-{number}")
    changes.put_slice(("default", name.name), slice_facts(_slice(name, number, ENDPOINTS - 1)))
    sync.partial(changes.drain())


def _arrive(changes: Changes, sync: Sync, numbers: range) -> None:
    _put(changes, numbers)
    sync.partial(changes.drain())


def _service(name: ServiceName, number: int) -> core_pb2.Service:
    service = core_pb2.Service()
    service.metadata.namespace, service.metadata.name = name
    service.spec.type, service.spec.clusterIP = "ClusterIP", str(FIRST_VIP + number)
    service.spec.ports.add(port=80, protocol="TCP")
    return service


def _slice(name: ServiceName, number: int, endpoints: int) -> discovery_pb2.EndpointSlice:
    found = discovery_pb2.EndpointSlice(addressType="IPv4")
    found.metadata.namespace, found.metadata.name = name
    found.metadata.labels["kubernetes.io/service-name"] = name.name
    found.ports.add(port=8080, protocol="TCP")
    for ip in _addresses(number, endpoints):
        found.endpoints.add(addresses=[ip], nodeName="node-2").conditions.ready = True
    return found


def _addresses(number: int, endpoints: int) -> Iterator[str]:
    return (str(FIRST_POD + number * ENDPOINTS + position) for position in range(endpoints))


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _in_child(size: int) -> Row:
    """A process for each size: memory and the library's caches start from nothing."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writing, repr(tuple(measure(size))).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return Row(*(float(cell) if "." in cell else int(cell) for cell in text.strip("()").split(", ")))  # type: ignore[arg-type]


def _enter_namespace() -> None:
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", *user, "--net", sys.executable, "-m", "bench.proxy", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

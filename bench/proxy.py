"""The node's proxy in a kernel of its own namespace: full passes, single changes and bursts, at several sizes.

Times are those of a processor, in Python, libnftables and the kernel: the proxy waits for nothing else, and what other
processes do beside it does not count.

`python -m bench.proxy [SERVICES...]`; ten endpoints a Service. As an ordinary user it works in a user namespace.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path
from typing import NamedTuple

from bench.figures import Figure, percentile
from node_agent.nft.kernel import KernelNft
from node_agent.proxy.changes import Changes
from node_agent.proxy.facts import NodeFacts, ServiceName
from node_agent.proxy.reading import service_facts, slice_facts
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
    """What one size costs, in milliseconds and MiB (of the whole process, API objects included)."""

    services: int
    facts: float
    full: float
    change_p50: float
    change_p99: float
    burst: float
    memory: float


def main(arguments: list[str]) -> int:
    """Prints the table; with sizes as arguments, those alone."""
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        command = _in_namespace(*arguments)
        os.execvp(command[0], command)
    print("services  facts ms  full ms  change p50 ms  p99 ms  1,000 at once ms  memory MiB", flush=True)
    for size in map(int, arguments or map(str, SIZES)):
        row = _in_child(size)
        print(
            f"{row.services:8}  {row.facts:8.0f}  {row.full:7.0f}  {row.change_p50:13.2f}  {row.change_p99:6.2f}"
            f"  {row.burst:16.0f}  {row.memory:10.0f}",
            flush=True,
        )
    return 0


def figures() -> list[Figure]:
    """Those of the largest size."""
    environment = {**os.environ, INSIDE: "1"}
    size = SIZES[-1]
    done = subprocess.run(_in_namespace(str(size)), capture_output=True, text=True, check=True, env=environment)
    _, _, full, p50, p99, burst, memory = map(float, done.stdout.splitlines()[-1].split())
    name = f"proxy, {size:,} Services x {ENDPOINTS}"
    return [
        Figure(f"{name}: full pass", full, "ms", 1000, 1),
        Figure(f"{name}: one change, p50", p50, "ms", 2, SINGLE_CHANGES),
        Figure(f"{name}: one change, p99", p99, "ms", 10, SINGLE_CHANGES),
        Figure(f"{name}: {BURST:,} more at once", burst, "ms", 500, 1),
        Figure(f"{name}: memory", memory, "MiB", 300, 1),
    ]


def measure(size: int) -> Row:
    """In this process and network namespace."""
    changes, nft = Changes(), KernelNft()
    sync = Sync(changes, nft, ("10.96.0.0/12",))
    objects, more = _objects(range(size)), _objects(range(size, size + BURST))
    facts = _timed(lambda: _put(changes, objects))
    changes.drain()
    full = _timed(lambda: sync.full(NODE))
    single = [_timed(partial(_change_one, changes, sync, number)) for number in range(SINGLE_CHANGES)]
    burst = _timed(lambda: _arrive(changes, sync, more))
    memory = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / (1 << 20)
    return Row(size, facts, full, percentile(single, 50), percentile(single, 99), burst, memory)


Objects = list[tuple[ServiceName, core_pb2.Service, discovery_pb2.EndpointSlice]]


def _objects(numbers: range) -> Objects:
    names = [ServiceName("default", f"service-{number}") for number in numbers]
    return [(n, _service(n, i), _slice(n, i, ENDPOINTS)) for n, i in zip(names, numbers, strict=True)]


def _put(changes: Changes, objects: Objects) -> None:
    for name, service, slice_ in objects:
        changes.put_service(name, service_facts(service))
        changes.put_slice(("default", name.name), slice_facts(slice_))


def _change_one(changes: Changes, sync: Sync, number: int) -> None:
    """One endpoint of a Service goes."""
    name = ServiceName("default", f"service-{number}")
    changes.put_slice(("default", name.name), slice_facts(_slice(name, number, ENDPOINTS - 1)))
    sync.partial(changes.drain())


def _arrive(changes: Changes, sync: Sync, objects: Objects) -> None:
    _put(changes, objects)
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
    """Milliseconds of processor time."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


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


def _in_namespace(*arguments: str) -> list[str]:
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *user, "--net", sys.executable, "-m", "bench.proxy", *arguments]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""How fast the cluster DNS is, beside unbound with one thread and the same names. Run: `python -m bench.dns`.

dnsperf (Debian) asks both in turn, over the loopback device, for the addresses of a thousand Services that a real API
server holds. It shares the machine's cores with the servers: the ratio says more than the rates.
"""

import asyncio
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.figures import Figure, percentile, table
from protos.kubernetes.core_pb2 import Service
from svclab.client import Client
from svclab.client.target import Target

SERVICES = 1000
ROUNDS = 3
SECONDS = "3"  # of each run of dnsperf
STEADY_RATE = "20000"  # queries a second at which the latency is measured
START_TIMEOUT = 10.0  # seconds
TOOLS = ("dnsperf", "unbound")
API_SERVER = (sys.executable, "-m", "apiserver", "--store", "memory")
NO_STATUS = ("--metrics-port", "0", "--health-port", "0", "--ready-port", "0")  # ports that nobody else has
CLUSTER_DNS = (sys.executable, "-m", "cluster_dns", "--lameduck", "0", *NO_STATUS)


def main() -> int:
    """Prints the table; 1 if a goal is missed or a tool is missing."""
    if missing := missing_tools():
        print(f"bench.dns: {missing}", file=sys.stderr)
        return 1
    figures = rates()
    print(table(figures))
    return 0 if all(figure.reached for figure in figures) else 1


def missing_tools() -> str:
    """What to install first; empty if nothing."""
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    return f"{' and '.join(missing)} not found: apt-get install {' '.join(missing)}" if missing else ""


def rates() -> list[Figure]:
    """All figures of the DNS."""
    with ExitStack() as undo:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="svclab-bench-dns-")))
        api, ours, unbound = f"unix:{folder}/api.sock", free_port(), free_port()
        undo.enter_context(process(*API_SERVER, "--socket", f"{folder}/api.sock", "--state-dir", str(folder)))
        addresses = asyncio.run(fill(api))
        names = folder / "names"
        names.write_text("".join(f"{name} A\n" for name in addresses))
        (folder / "unbound.conf").write_text(unbound_conf(folder, unbound, addresses))
        undo.enter_context(process("unbound", "-d", "-c", f"{folder}/unbound.conf"))
        server = undo.enter_context(process(*CLUSTER_DNS, "--server", api, "--listen", f"127.0.0.1:{ours}"))
        for port in (ours, unbound):
            wait_for(port, names)
        return list(compare(ours, unbound, names, server.pid))


def compare(ours: int, unbound: int, names: Path, pid: int) -> Iterator[Figure]:
    """Both servers in turn, so that what else the machine does falls on both."""
    rounds, cpu = [], []
    for _ in range(ROUNDS):
        before = cpu_seconds(pid)
        rate = queries_per_second(ours, names)
        cpu.append((cpu_seconds(pid) - before) / (rate * float(SECONDS)) * 1e6)
        rounds.append((rate, queries_per_second(unbound, names)))
    rate = statistics.median(rate for rate, _ in rounds)
    ratio = statistics.median(rate / other for rate, other in rounds)
    yield Figure("DNS, one process", rate / 1000, "thousand queries/s", 100, ROUNDS, at_least=True)
    yield Figure("DNS, ratio to unbound's rate", ratio, "", 0.7, ROUNDS, at_least=True)
    yield Figure("DNS, processor time of a query", statistics.median(cpu), "us", 10, ROUNDS)
    latencies = [percentile(steady_latencies(ours, names), 99) for _ in range(ROUNDS)]
    yield Figure("DNS, p99 at 20,000 queries/s", statistics.median(latencies), "ms", 2, ROUNDS)


def queries_per_second(port: int, names: Path) -> float:
    """As many as the server answers."""
    text = dnsperf(port, names, "-q", "200", "-c", "4")
    found = re.search(r"Queries per second:\s+([\d.]+)", text)
    lost = re.search(r"Queries lost:\s+(\d+)", text)
    if not found or not lost or int(lost[1]):
        raise RuntimeError(f"dnsperf failed, or queries were lost:\n{text}")
    return float(found[1])


def steady_latencies(port: int, names: Path) -> list[float]:
    """Milliseconds of each query at a steady rate."""
    text = dnsperf(port, names, "-Q", STEADY_RATE, "-v")
    return [float(line.rpartition(" ")[2]) * 1000 for line in text.splitlines() if line.startswith("> NOERROR")]


def dnsperf(port: int, names: Path, *options: str) -> str:
    command = ["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", str(names), "-l", SECONDS, *options]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


async def fill(api: str) -> dict[str, str]:
    """Creates the Services; their names in the DNS and the addresses that they got."""
    async with Client(Target.parse(api)) as client:
        async with asyncio.timeout(START_TIMEOUT):
            await client.ready()
        addresses = {}
        for number in range(SERVICES):
            service = Service()
            service.metadata.name, service.metadata.namespace = f"svc-{number}", "default"
            service.spec.ports.add(name="http", port=80)
            created = await client.create(service)
            addresses[f"{created.metadata.name}.default.svc.cluster.local"] = created.spec.clusterIP
        return addresses


def unbound_conf(folder: Path, port: int, addresses: dict[str, str]) -> str:
    """One thread, no logs, the same names as local data."""
    lines = [
        "server:",
        f'  directory: "{folder}"',
        '  chroot: ""',
        '  username: ""',
        f'  pidfile: "{folder}/unbound.pid"',
        f"  interface: 127.0.0.1@{port}",
        "  num-threads: 1",
        "  use-syslog: no",
        "  do-daemonize: no",
        "  so-rcvbuf: 4m",
        '  local-zone: "cluster.local." static',
        *(f'  local-data: "{name}. 30 IN A {address}"' for name, address in addresses.items()),
        "remote-control:",
        "  control-enable: no",
    ]
    return "\n".join(lines) + "\n"


@contextmanager
def process(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Runs the command as long as the context lasts."""
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield running
    finally:
        running.terminate()
        running.wait()


def wait_for(port: int, names: Path) -> None:
    """Returns once the server answers for all names."""
    end = time.monotonic() + START_TIMEOUT
    command = ["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", str(names), "-n", "1", "-t", "1"]
    while time.monotonic() < end:
        if f"NOERROR {SERVICES} (100.00%)" in subprocess.run(command, capture_output=True, text=True).stdout:
            return
        time.sleep(0.1)
    raise RuntimeError(f"no DNS server answers on port {port}")


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used, of the kernel on its behalf too."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())

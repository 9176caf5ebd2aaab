"""The whole process: it starts without an API server, says so, and stops when told."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import pytest

ROOT = Path(__file__).parents[3]
NO_STATUS = ("--metrics-port=0", "--health-port=0", "--ready-port=0")


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    arguments = ("--server", f"unix:{tmp_path}/api.sock", "--listen=127.0.0.1:0", "--lameduck=0", *NO_STATUS)
    command = [sys.executable, "-m", "cluster_dns", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as started:
        yield started
        started.kill()


def test_the_process_serves_and_stops(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    line = process.stderr.readline()
    serving = re.search(r"serving cluster.local on 127.0.0.1:(\d+)$", line)
    assert serving, line
    answer = dns.query.udp(
        dns.message.make_query("kubernetes.default.svc.cluster.local.", "A"), "127.0.0.1", 5, int(serving[1])
    )
    assert answer.rcode() == dns.rcode.SERVFAIL
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0
    assert process.stderr.read() == ""

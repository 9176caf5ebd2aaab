"""Real packets through the proxy: as root, and as root of an unprivileged user namespace."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCENARIOS = Path(__file__).with_name("scenarios.py")
WAYS = {
    "root": ["unshare", "--net"],
    "user namespace": ["unshare", "--user", "--map-root-user", "--net"],
}
NAMES = [line.split("(")[0].split()[-1] for line in SCENARIOS.read_text().splitlines() if "(lab: Lab)" in line]

Results = dict[str, str]


def refused(way: str) -> str:
    """Why the machine cannot do it; empty if it can."""
    if shutil.which("unshare") is None:
        return "unshare is missing: install Debian's package util-linux"
    if way == "root" and os.geteuid() != 0:
        return "needs root"
    tried = subprocess.run([*WAYS[way], "true"], capture_output=True, text=True)
    return tried.stderr.strip()


@pytest.fixture(scope="module", params=list(WAYS))
def results(request: pytest.FixtureRequest) -> Iterator[Results]:
    """What became of every scenario; all run in one process, which is the node."""
    if reason := refused(request.param):
        pytest.skip(f"{request.param}: {reason}")
    command = [*WAYS[request.param], sys.executable, str(SCENARIOS), *NAMES]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=100, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    lines = (line.split(" ", 1) for line in done.stdout.splitlines() if line.startswith(("ok ", "failed ", "skipped ")))
    found = {rest.split(":")[0]: verdict + " " + rest for verdict, rest in lines}
    yield {name: found.get(name, f"did not run: {done.stderr[-2000:]}") for name in NAMES}


OPTIONAL = {"sctp_is_balanced": pytest.mark.optional("not every kernel has SCTP sockets")}


@pytest.mark.parametrize("name", [pytest.param(n, marks=OPTIONAL.get(n, ())) for n in NAMES])
def test_packets(results: Results, name: str) -> None:
    if results[name].startswith("skipped "):
        pytest.skip(results[name].partition(": ")[2])
    assert results[name] == f"ok {name}"

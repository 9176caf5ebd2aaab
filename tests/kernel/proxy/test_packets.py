"""Real packets through the proxy: as root, and as root of an unprivileged user namespace."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.kernel.verdicts import Verdicts, refused, verdicts

SCENARIOS = Path(__file__).with_name("scenarios.py")
WAYS = {
    "root": ["unshare", "--net"],
    "user namespace": ["unshare", "--user", "--map-root-user", "--net"],
}
NAMES = [line.split("(")[0].split()[-1] for line in SCENARIOS.read_text().splitlines() if "(lab: Lab)" in line]


@pytest.fixture(scope="module")
def running() -> Iterator[dict[str, "Future[Verdicts]"]]:
    """All ways at the same time: a scenario waits more than it works."""
    possible = [way for way, command in WAYS.items() if not refused(command)]
    with ThreadPoolExecutor(len(WAYS)) as pool:
        yield {way: pool.submit(verdicts, WAYS[way], SCENARIOS, NAMES) for way in possible}


@pytest.fixture(scope="module", params=list(WAYS))
def results(request: pytest.FixtureRequest, running: dict[str, "Future[Verdicts]"]) -> Verdicts:
    """What became of every scenario; all run in one process, which is the node."""
    if request.param not in running:
        pytest.skip(f"{request.param}: {refused(WAYS[request.param])}")
    return running[request.param].result()


OPTIONAL = {"sctp_is_balanced": pytest.mark.optional("not every kernel has SCTP sockets")}


@pytest.mark.parametrize("name", [pytest.param(n, marks=OPTIONAL.get(n, ())) for n in NAMES])
def test_packets(results: Verdicts, name: str) -> None:
    if results[name].startswith("skipped "):
        pytest.skip(results[name].partition(": ")[2])
    assert results[name] == f"ok {name}"

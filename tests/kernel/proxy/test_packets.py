"""Real packets through the proxy: as root, and as root of an unprivileged user namespace."""

from pathlib import Path

import pytest

from tests.kernel.verdicts import Verdicts, refused, verdicts

SCENARIOS = Path(__file__).with_name("scenarios.py")
WAYS = {
    "root": ["unshare", "--net"],
    "user namespace": ["unshare", "--user", "--map-root-user", "--net"],
}
NAMES = [line.split("(")[0].split()[-1] for line in SCENARIOS.read_text().splitlines() if "(lab: Lab)" in line]


@pytest.fixture(scope="module", params=list(WAYS))
def results(request: pytest.FixtureRequest) -> Verdicts:
    """What became of every scenario; all run in one process, which is the node."""
    if reason := refused(WAYS[request.param]):
        pytest.skip(f"{request.param}: {reason}")
    return verdicts(WAYS[request.param], SCENARIOS, NAMES)


OPTIONAL = {"sctp_is_balanced": pytest.mark.optional("not every kernel has SCTP sockets")}


@pytest.mark.parametrize("name", [pytest.param(n, marks=OPTIONAL.get(n, ())) for n in NAMES])
def test_packets(results: Verdicts, name: str) -> None:
    if results[name].startswith("skipped "):
        pytest.skip(results[name].partition(": ")[2])
    assert results[name] == f"ok {name}"

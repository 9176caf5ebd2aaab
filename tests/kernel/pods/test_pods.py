"""Real pods in real namespaces: as root, and as root of an unprivileged user namespace."""

from pathlib import Path

import pytest

from tests.kernel.verdicts import Verdicts, refused, verdicts

SCENARIOS = Path(__file__).with_name("scenarios.py")
WAYS = {
    "root": ["unshare", "--net", "--mount"],
    "user namespace": ["unshare", "--user", "--map-root-user", "--net", "--mount"],
}
NAMES = [line.split("(")[0].split()[-1] for line in SCENARIOS.read_text().splitlines() if "(node: Node)" in line]


@pytest.fixture(scope="module", params=list(WAYS))
def results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    """What became of every scenario; all run in one process, which is the node."""
    if reason := refused(WAYS[request.param]):
        pytest.skip(f"{request.param}: {reason}")
    return verdicts(WAYS[request.param], SCENARIOS, NAMES, str(tmp_path_factory.mktemp("node")))


@pytest.mark.parametrize("name", NAMES)
def test_pods(results: Verdicts, name: str) -> None:
    assert results[name] == f"ok {name}"

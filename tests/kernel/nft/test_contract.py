"""The kernel keeps the promises that FakeNft makes (tests/unit/nft tries the fake)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernel.nft import contract

ROOT = Path(__file__).parents[3]
NAMESPACE = ("unshare", *(() if os.geteuid() == 0 else ("--user", "--map-root-user")), "--net")


@pytest.fixture(scope="module")
def results() -> dict[str, str]:
    """What became of each promise; all are tried in one process and namespace."""
    tried = subprocess.run([*NAMESPACE, "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"no network namespaces here: {tried.stderr.strip()}")
    command = [*NAMESPACE, sys.executable, contract.__file__, *contract.PROMISES]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    lines = [line.partition(" ")[::2] for line in done.stdout.splitlines()]
    return {rest.split(":")[0]: f"{verdict} {rest}" for verdict, rest in lines}


@pytest.mark.parametrize("name", contract.PROMISES)
def test_contract(results: dict[str, str], name: str) -> None:
    assert results.get(name, "did not run") == f"ok {name}"

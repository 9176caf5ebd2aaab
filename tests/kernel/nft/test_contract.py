"""The kernel keeps the promises that FakeNft makes (tests/unit/nft tries the fake)."""

import os
from pathlib import Path

import pytest

from tests.kernel.nft import contract
from tests.kernel.verdicts import Verdicts, refused, verdicts

NAMESPACE = ("unshare", *(() if os.geteuid() == 0 else ("--user", "--map-root-user")), "--net")


@pytest.fixture(scope="module")
def results() -> Verdicts:
    """What became of each promise; all are tried in one process and namespace."""
    if reason := refused(NAMESPACE):
        pytest.skip(f"no network namespaces here: {reason}")
    return verdicts(NAMESPACE, Path(contract.__file__), contract.PROMISES)


@pytest.mark.parametrize("name", contract.PROMISES)
def test_contract(results: Verdicts, name: str) -> None:
    assert results[name] == f"ok {name}"

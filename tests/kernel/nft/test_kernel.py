"""libnftables as root of an unprivileged user namespace, where the kernel grants less than to root."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernel.verdicts import ROOT, refused

LARGE = Path(__file__).with_name("large.py")
NAMESPACE = ("unshare", "--user", "--map-root-user", "--net")


def test_large_transactions_and_threads() -> None:
    if reason := refused(NAMESPACE):
        pytest.skip(f"no user namespaces here: {reason}")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*NAMESPACE, sys.executable, str(LARGE)], capture_output=True, text=True, timeout=60, env=environment
    )
    assert done.stdout.split() == ["6000", "0"], done.stderr

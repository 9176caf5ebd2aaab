"""libnftables as root of an unprivileged user namespace, where the kernel grants less than to root."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LARGE = Path(__file__).with_name("large.py")
NAMESPACE = ("unshare", "--user", "--map-root-user", "--net")


def test_large_transactions_and_threads() -> None:
    tried = subprocess.run([*NAMESPACE, "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"no user namespaces here: {tried.stderr.strip()}")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*NAMESPACE, sys.executable, str(LARGE)], capture_output=True, text=True, timeout=60, env=environment
    )
    assert done.stdout.split() == ["6000", "0"], done.stderr

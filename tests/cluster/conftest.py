"""The clusters that the tests share, and the proof that they leave nothing behind."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.harness import QUICKSTART, ROOT, Cluster

MakeCluster = Callable[..., Cluster]


def _refusal(user: tuple[str, ...] = ()) -> str:
    """Why this machine, or this user of it, cannot run a cluster; empty if it can."""
    for program in ("ip", "unshare"):
        if not shutil.which(program):
            return f"{program} is missing"
    flags = "-rmnp" if user or os.geteuid() else "-mnp"
    tried = subprocess.run([*user, "unshare", flags, "--fork", "true"], capture_output=True, text=True, check=False)
    return f"namespaces are refused: {tried.stderr.strip()}" if tried.returncode else ""


@pytest.fixture(scope="session")
def state_home() -> Iterator[Path]:
    """A short path: it leads to Unix sockets."""
    path = Path(tempfile.mkdtemp(prefix="svclab-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster(state_home: Path) -> Iterator[Cluster]:
    """The cluster that most tests share: three nodes. A test leaves it as it found it, its own objects apart."""
    if reason := _refusal():
        pytest.skip(reason)
    shared = Cluster(f"test-{os.getpid()}", state_home)
    shared.run("up", "--nodes", "3")
    yield shared
    shared.run("down", "--delete")


@pytest.fixture(scope="session")
def quickstart(cluster: Cluster) -> Cluster:
    """The shared cluster with the README's example in it."""
    cluster.svclab("apply", "-f", str(QUICKSTART))
    cluster.wait_ready("app=echo")
    return cluster


@pytest.fixture
def make_cluster(state_home: Path) -> Iterator[MakeCluster]:
    """Makes names of clusters for one test, which are deleted after it whatever happened."""
    if reason := _refusal():
        pytest.skip(reason)
    made: list[Cluster] = []

    def make(suffix: str = "own", user: tuple[str, ...] = (), home: Path = state_home) -> Cluster:
        made.append(Cluster(f"{suffix}-{os.getpid()}", home, user))
        return made[-1]

    yield make
    for one in made:
        one.run("down", "--delete", check=False)


@pytest.fixture
def ordinary_user() -> Iterator[tuple[tuple[str, ...], Path]]:
    """What to put before a command to run it without root, and a home for that user."""
    home = Path(tempfile.mkdtemp(prefix="svclab-"))
    user: tuple[str, ...] = ()
    if os.geteuid() == 0:
        os.chown(home, 65534, 65534)
        user = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "env", f"HOME={home}")
        if subprocess.run([*user, "test", "-r", str(ROOT / "Makefile")], check=False).returncode:
            pytest.skip(f"an ordinary user cannot read {ROOT}")
    if reason := _refusal(user):
        pytest.skip(reason)
    yield user, home
    shutil.rmtree(home, ignore_errors=True)

"""What the README promises, as it is typed there."""

import re
import subprocess
import sys

from tests.cluster.conftest import MakeCluster
from tests.cluster.harness import ROOT, Cluster


def run_example(name: str, cluster: Cluster) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, f"examples/{name}.py"]
    return subprocess.run(command, env=cluster.env, cwd=ROOT, text=True, capture_output=True, check=False)


def test_the_demonstration_of_make_up(cluster: Cluster) -> None:
    shown = run_example("quickstart", cluster)
    assert shown.returncode == 0, shown.stderr + shown.stdout
    assert shown.stdout.count("echo-1 ") > 6
    for node in ("node-1", "node-2", "node-3"):
        assert re.search(rf"echo-\d on {node}: echo-1 \d+ times, echo-2 \d+ times, echo-3 \d+ times", shown.stdout)
        assert f"outside to {node} (http://" in shown.stdout
    assert "Try next:" in shown.stdout


def test_a_rollout_loses_no_request(quickstart: Cluster) -> None:
    shown = run_example("rollout", quickstart)
    assert shown.returncode == 0, shown.stderr + shown.stdout
    for client in ("outside", "in a pod"):
        (line,) = re.findall(rf"^  {client}: .*$", shown.stdout, re.MULTILINE)
        assert line.endswith(", 0 failed")
        assert all(f"shop-{version}-{number} " in line for version in (1, 2) for number in range(3)), line
    assert "shop" not in quickstart.svclab("get", "services,pods")


def test_the_commands_of_the_readme(make_cluster: MakeCluster) -> None:
    readme = (ROOT / "README.md").read_text()
    commands = readme.split("## By hand")[1].split("```sh\n")[1].split("```")[0]
    assert "svclab up" in commands
    cluster = make_cluster("readme")
    shell = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", commands],
        env=cluster.env,
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert shell.returncode == 0, shell.stderr + shell.stdout
    assert "pod: echo-" in shell.stdout
    assert "its state is deleted" in shell.stdout
    assert not cluster.folder.exists()


def test_make_help_shows_each_target() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, text=True, capture_output=True, check=True).stdout
    for target in ("setup", "up", "down", "test", "lint", "bench"):
        assert f"make {target} " in shown

"""Runs a command inside a container, as if it had been typed there."""

import shutil
import subprocess
import sys
from collections.abc import Sequence

from svclab.cluster.errors import ClusterError


def execute(container: str, command: Sequence[str]) -> int:
    """Runs a command in a container by docker's own program, which knows all about terminals; its exit code."""
    docker = shutil.which("docker")
    if docker is None:
        raise ClusterError("the program `docker` is missing: install it (Debian: apt-get install docker.io)")
    terminal = ["--tty"] if sys.stdin.isatty() and sys.stdout.isatty() else []
    return subprocess.run([docker, "exec", "--interactive", *terminal, container, *command], check=False).returncode

"""Scripts that try many things in one process, in namespaces of its own, and print a verdict on each in a line."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORDS = ("ok ", "failed ", "skipped ")

Verdicts = dict[str, str]  # by name: the line, such as "ok NAME" or "failed NAME: why"


def refused(way: Sequence[str]) -> str:
    """Why the machine does not make these namespaces (`way` is a command line of unshare); empty if it does."""
    if shutil.which(way[0]) is None:
        return f"{way[0]} is missing: install Debian's package util-linux"
    if "--user" not in way and os.geteuid() != 0:
        return "needs root"
    return subprocess.run([*way, "true"], capture_output=True, text=True).stderr.strip()


def verdicts(way: Sequence[str], script: Path, names: Iterable[str], *arguments: str) -> Verdicts:
    """What `script ARGUMENTS NAMES` says in these namespaces; of a name that it passes over, what it wrote last."""
    command = [*way, sys.executable, str(script), *arguments, *names]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, env=environment)
    lines = [line for line in done.stdout.splitlines() if line.startswith(WORDS)]
    found = {line.split(" ", 1)[1].split(":")[0]: line for line in lines}
    return {name: found.get(name, f"did not run: {done.stderr[-2000:]}") for name in names}

"""A start that is given up before its first process can be found by its lock."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.harness import ROOT

GIVEN_UP = """
import ctypes, os, signal, sys
from svclab.cluster.netns.launch import launch
from svclab.cluster.netns.progress import Progress
from svclab.cluster.state import INIT, StateFolder

PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)  # PID 1 of the cluster becomes a child of ours

def too_late(*_):
    os.kill(state.pid(INIT), signal.SIGKILL)
    sys.exit("PID 1 of the cluster lives on")

state = StateFolder.of("given-up")
state.create()
reading, writing = os.pipe()
os.close(reading)
launch(state, Progress(writing), root=os.geteuid() == 0)
signal.signal(signal.SIGALRM, too_late)
signal.alarm(10)
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""


@pytest.mark.usefixtures("make_cluster")  # skips where no cluster can be made
def test_the_first_process_ends_if_nobody_waits_for_it(state_home: Path) -> None:
    env = os.environ | {"XDG_STATE_HOME": str(state_home)}
    done = subprocess.run(
        [sys.executable, "-c", GIVEN_UP], env=env, cwd=ROOT, text=True, capture_output=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("1\n", "", 0)

"""The smaller parts around a cluster: logs, refusals of the kernel, progress on a terminal."""

import errno
import io
import os
from pathlib import Path

import pytest

from svclab.cli.lifecycle.steps import Steps
from svclab.cluster.netns import freezing, logs, preflight
from svclab.cluster.state import StateFolder


def test_a_long_log_is_cut_and_its_writer_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = StateFolder(tmp_path / "dev")
    state.create()
    monkeypatch.setattr(logs, "LIMIT", 10)
    with state.log("apiserver").open("a") as writer:
        writer.write("a long line\n")
        writer.flush()
        logs.limit_logs(state)
        writer.write("short\n")
    assert state.log("apiserver").read_text() == "short\n"
    assert (state.root / "logs" / "apiserver.log.1").read_text() == "a long line\n"
    logs.limit_logs(state)
    assert state.log("apiserver").read_text() == "short\n"


@pytest.mark.parametrize(("number", "words"), [(errno.ENOSPC, "limit of namespaces"), (errno.EPERM, "refused")])
def test_a_refusal_says_what_to_do(number: int, words: str) -> None:
    text = preflight.refusal(OSError(number, os.strerror(number)))
    assert words in text
    assert ": " in text
    assert "\n" not in text


def test_a_process_is_the_root_of_its_tree() -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)
    assert set(freezing.tree(os.getpid())) >= {os.getpid(), child}
    freezing.freeze(child)
    while not freezing.frozen(child):
        os.sched_yield()
    freezing.thaw(child)
    os.close(writing)
    assert os.waitpid(child, 0) == (child, 0)
    os.close(reading)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_steps_are_lines_where_nobody_looks() -> None:
    stream = io.StringIO()
    steps = Steps(stream)
    steps.say("Starting")
    steps.say("Waiting")
    steps.end(failed=True)
    assert stream.getvalue() == "Starting: done (0.00 s)\n"


def test_steps_are_ticked_off_on_a_terminal() -> None:
    stream = Terminal()
    steps = Steps(stream)
    steps.say("Starting")
    steps.end()
    steps.end()
    assert stream.getvalue() == " • Starting ...\r\033[K \033[32m✓\033[0m Starting (0.00 s)\n"

"""The commands that reach into pods, and what only a running cluster shows of the others."""

import os
import pty
import re
import select
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cluster.harness import SVCLAB, Cluster, eventually

TICKER = """
apiVersion: v1
kind: Pod
metadata: {name: ticker, labels: {app: ticker}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: python
    command: [python3, -uc, "import time\\nfor n in range(100000): print('tick', n); time.sleep(0.01)"]
"""


@pytest.fixture(scope="module")
def ticker(quickstart: Cluster) -> Iterator[Cluster]:
    quickstart.apply(TICKER)
    quickstart.wait_ready("app=ticker")
    yield quickstart
    quickstart.run("delete", "pod", "ticker", "--now")


def test_exec_passes_streams_and_the_exit_code_on(quickstart: Cluster) -> None:
    done = quickstart.run(
        "exec", "-i", "echo-1", "--", "sh", "-c", "cat; echo oh >&2; exit 7", stdin="hello\n", check=False
    )
    assert (done.returncode, done.stdout) == (7, "hello\n")
    assert done.stderr == "oh\ncommand terminated with exit code 7\n"
    assert quickstart.svclab("exec", "echo-2", "--", "hostname") == "echo-2\n"


def test_exec_carries_much_data_unharmed(quickstart: Cluster) -> None:
    data = "0123456789abcdef" * 65536
    assert quickstart.svclab("exec", "-i", "echo-1", "--", "cat", stdin=data) == data


def test_exec_with_a_terminal(quickstart: Cluster) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(SVCLAB, [SVCLAB, "exec", "-it", "echo-1", "--", "sh"], quickstart.env)
    shown, sent = b"", False
    deadline = time.monotonic() + 30
    while select.select([terminal], [], [], max(deadline - time.monotonic(), 0))[0]:
        try:
            shown += os.read(terminal, 4096)
        except OSError:  # the other side has gone
            break
        if not sent and shown.rstrip().endswith((b"#", b"$")):
            os.write(terminal, b"test -t 0 && echo a terminal; exit 5\n")
            sent = True
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
    assert b"\na terminal" in shown


def numbers(lines: list[str]) -> list[int]:
    return [int(line.removeprefix("tick ")) for line in lines]


def test_logs(ticker: Cluster) -> None:
    assert len(ticker.svclab("logs", "ticker", "--tail=3").splitlines()) == 3
    stamped = ticker.svclab("logs", "ticker", "--tail=1", "--timestamps")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z tick \d+\n", stamped)
    everything = numbers(ticker.svclab("logs", "-l", "app=ticker", "--tail=-1").splitlines())
    assert everything == list(range(len(everything)))


@pytest.mark.parametrize("process", ["agent", "apiserver"])
def test_following_a_log_survives_a_restart(ticker: Cluster, process: str) -> None:
    node = ticker.json("pod", "ticker")["spec"]["nodeName"]
    following = ticker.begin("logs", "-f", "ticker", "--tail=1")
    assert following.stdout is not None
    lines = [following.stdout.readline() for _ in range(20)]
    os.kill(ticker.pid(f"{node}-agent" if process == "agent" else process), signal.SIGKILL)
    lines += [following.stdout.readline() for _ in range(100)]
    following.kill()
    following.wait()
    following.stdout.close()
    found = numbers([line.strip() for line in lines])
    assert found == list(range(found[0], found[0] + len(found)))


@contextmanager
def forwarding(cluster: Cluster, *arguments: str) -> Iterator[int]:
    """The local port of a port-forward that runs meanwhile."""
    process = cluster.begin("port-forward", *arguments)
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        yield int(line.split()[2].rpartition(":")[2])
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        process.stdout.close()


@pytest.mark.parametrize(("subject", "port"), [("pod/echo-1", ":8080"), ("svc/echo", ":80"), ("pod/echo-1", ":http")])
def test_port_forward(quickstart: Cluster, subject: str, port: str) -> None:
    with forwarding(quickstart, subject, port) as local:
        answers = {urllib.request.urlopen(f"http://127.0.0.1:{local}/hostname", timeout=5).read() for _ in range(3)}
        assert all(answer.startswith(b"echo-") for answer in answers)


def test_watch_shows_a_change(quickstart: Cluster) -> None:
    watching = quickstart.begin("get", "cm", "-w", "-o", "name")
    assert watching.stdout is not None
    quickstart.svclab("create", "configmap", "watched")
    assert watching.stdout.readline() == "configmap/watched\n"
    quickstart.svclab("delete", "configmap", "watched")
    assert watching.stdout.readline() == "configmap/watched\n"
    watching.send_signal(signal.SIGINT)
    assert watching.wait(10) == 130
    watching.stdout.close()


def test_a_pod_that_runs_to_its_end(quickstart: Cluster) -> None:
    line = ["run", "once", "--image=python", "--restart=Never", "--attach", "--rm", "--command", "--"]
    done = quickstart.run(*line, "python3", "-c", "print('done'); raise SystemExit(4)", check=False)
    assert (done.returncode, done.stdout.splitlines()) == (4, ["pod/once created", "done", 'pod "once" deleted'])
    eventually(lambda: quickstart.run("get", "pod", "once", check=False).returncode == 1)


def test_describe_names_the_endpoints(quickstart: Cluster) -> None:
    text = quickstart.svclab("describe", "svc", "echo")
    assert re.search(r"^Endpoints: +\d+\.\d+\.\d+\.\d+:8080(,[^,]+){2}$", text, re.MULTILINE), text


def test_a_reader_that_goes_away(quickstart: Cluster) -> None:
    shell = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {SVCLAB} get svc -A -o yaml | true"],
        env=quickstart.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert shell.stderr == ""

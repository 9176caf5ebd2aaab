"""logs, exec and port-forward: choosing the pod, passing output and exit codes on, going on after a break."""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from protos.api_pb2 import Frame
from protos.kubernetes import meta_pb2
from svclab.cli import log_streams
from svclab.cli.errors import CliError
from svclab.cli.fake_client import FakeClient
from svclab.cli.forwarding import carry
from svclab.cli.verbs.port_forward import PortPair, container_port, parse_pair, service_target
from svclab.client import errors

Run = Callable[..., Any]

OBJECTS = """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: default, labels: {app: web}}
spec: {containers: [{name: echo, ports: [{name: http, containerPort: 8080}]}, {name: side}]}
status: {phase: Running}
---
apiVersion: v1
kind: Pod
metadata: {name: ready, namespace: default, labels: {app: web}}
spec: {containers: [{name: echo, ports: [{name: http, containerPort: 8081}]}]}
status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec: {selector: {app: web}, ports: [{name: front, port: 80, targetPort: http}, {port: 81, targetPort: 9}]}
"""

GONE = errors.ServiceUnavailable(meta_pb2.Status(message="node went away", reason="ServiceUnavailable"))


@pytest.fixture
def fake(objects: Callable[[str], list[Any]]) -> FakeClient:
    return FakeClient(*objects(OBJECTS))


def out(text: str) -> Any:
    return Frame(stdout=text.encode())


def test_logs(svclab: Run, fake: FakeClient) -> None:
    fake.frames = [[out("one\ntw"), out("o\n")]]
    outcome = svclab("logs", "web", "--tail=5", "--since=1m", "--timestamps")
    assert outcome.out == "one\ntwo\n"
    assert outcome.err == 'Defaulted container "echo" out of: echo, side\n'
    request = fake.sent[0]
    assert (request.container, request.tailLines, request.sinceSeconds, request.timestamps) == ("echo", 5, 60, True)


def test_logs_of_a_service_come_from_a_ready_pod(svclab: Run, fake: FakeClient) -> None:
    fake.frames = [[out("x\n")]]
    assert svclab("logs", "svc/web").err == "Found 2 pods, using pod/ready\n"
    assert fake.sent[0].pod == "ready"


def test_logs_of_all_containers_with_prefix(svclab: Run, fake: FakeClient) -> None:
    fake.frames = [[out("a\nb\n")], [out("c\n")], [out("d")]]
    text = svclab("logs", "-l", "app=web", "--all-containers", "--prefix").out
    assert text == "[pod/ready/echo] a\n[pod/ready/echo] b\n[pod/web/echo] c\n[pod/web/side] d"


def test_following_goes_on_after_a_break_without_doubling_lines(
    svclab: Run, fake: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_streams, "RETRY_PAUSE", 0.0)
    times = ("00:00:01.5Z", "00:00:01.5Z", "00:00:02Z", "00:00:02.25Z")
    first, twin, second, third = (f"2026-01-01T{moment} line {at}\n" for at, moment in enumerate(times))
    fake.frames = [[out(first + twin + second), GONE], [GONE], [out(first + second + third)]]
    assert svclab("logs", "-f", "ready").out == "line 0\nline 1\nline 2\nline 3\n"
    assert [request.HasField("sinceSeconds") for request in fake.sent] == [False, True, True]


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (["nope"], 'Error from server (NotFound): pods "nope" not found'),
        (["web", "-c", "x"], "error: container x not found in pod web; choose one of: echo, side"),
        ([], "error: expected 'logs"),
        (["svc/nope"], 'Error from server (NotFound): services "nope" not found'),
        (["-l", "app=web", "-f", "--max-log-requests=1"], "error: you are attempting to follow 2 log streams"),
    ],
)
def test_bad_logs(svclab: Run, args: list[str], reason: str) -> None:
    outcome = svclab("logs", *args)
    assert outcome.code == 1 and outcome.err.splitlines()[-1].startswith(reason)


def test_exec_passes_output_and_exit_code_on(svclab: Run, fake: FakeClient) -> None:
    fake.frames = [[out("hello\n"), Frame(stderr=b"oh\n"), Frame(exitCode=3)]]
    outcome = svclab("exec", "ready", "--", "sh", "-c", "exit 3")
    assert outcome == (3, "hello\n", "oh\ncommand terminated with exit code 3\n")
    assert list(fake.sent[0].command) == ["sh", "-c", "exit 3"]


def test_exec_that_succeeds_says_nothing(svclab: Run, fake: FakeClient) -> None:
    fake.frames = [[Frame(exitCode=0)]]
    assert svclab("exec", "ready", "--", "true") == (0, "", "")


def test_exec_whose_stream_breaks(svclab: Run, fake: FakeClient) -> None:
    fake.frames = [[out("x")], [GONE]]
    assert svclab("exec", "ready", "--", "cat").err.startswith("error: the stream ended before the command did")
    assert svclab("exec", "ready", "--", "cat").err == "Error from server (ServiceUnavailable): node went away\n"


@pytest.mark.parametrize("args", [["ready"], ["ready", "--"], ["--", "ls"]])
def test_bad_execs(svclab: Run, args: list[str]) -> None:
    outcome = svclab("exec", *args)
    assert outcome.code == 1 and outcome.err.startswith("error: ") and outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("80", PortPair(80, "80")),
        ("8080:80", PortPair(8080, "80")),
        (":80", PortPair(0, "80")),
        ("8443:https", PortPair(8443, "https")),
    ],
)
def test_port_pairs(text: str, pair: PortPair) -> None:
    assert parse_pair(text) == pair


@pytest.mark.parametrize("text", ["", ":", "0", "70000", "x:80", "80:70000"])
def test_bad_port_pairs(text: str) -> None:
    with pytest.raises(CliError, match="port"):
        parse_pair(text)


def test_ports_of_a_service_lead_to_ports_of_its_pod(objects: Callable[[str], list[Any]]) -> None:
    pod, _, service = objects(OBJECTS)
    assert container_port(pod, service_target(service, "80")) == 8080
    assert container_port(pod, service_target(service, "front")) == 8080
    assert container_port(pod, service_target(service, "81")) == 9
    with pytest.raises(CliError, match="does not have a service port 82"):
        service_target(service, "82")
    with pytest.raises(CliError, match="does not have a named port 'x'"):
        container_port(pod, "x")


def test_a_forwarded_connection_carries_both_directions() -> None:
    ours, theirs = socket.socketpair()
    received: list[bytes] = []

    def stream(frames: Iterator[Any]) -> Iterator[Any]:
        for frame in frames:
            if frame.endOfInput:
                break
            received.append(frame.stdin)
            yield Frame(stdout=frame.stdin.upper())

    thread = threading.Thread(target=carry, args=(ours, stream))
    thread.start()
    with theirs:
        theirs.sendall(b"hello")
        assert theirs.recv(10) == b"HELLO"
        theirs.shutdown(socket.SHUT_WR)
        assert theirs.recv(10) == b""
    thread.join()
    ours.close()
    assert received == [b"hello"]

"""`wait` and `events`."""

from collections.abc import Callable
from typing import Any

import pytest

from svclab.cli.conditions import parse_condition
from svclab.cli.errors import CliError
from svclab.cli.fake_client import FakeClient

Run = Callable[..., Any]

OBJECTS = """
apiVersion: v1
kind: Pod
metadata: {name: up, namespace: default}
status: {phase: Running, conditions: [{type: Ready, status: "True"}], podIPs: []}
---
apiVersion: v1
kind: Pod
metadata: {name: down, namespace: default}
status: {phase: Pending, conditions: [{type: Ready, status: "False"}]}
---
apiVersion: v1
kind: Event
metadata: {name: e2, namespace: default}
involvedObject: {kind: Pod, name: up}
type: Warning
reason: Later
lastTimestamp: "2026-01-02T00:00:00Z"
firstTimestamp: "2026-01-02T00:00:00Z"
---
apiVersion: v1
kind: Event
metadata: {name: e1, namespace: default}
involvedObject: {kind: Pod, name: down}
type: Normal
reason: Earlier
lastTimestamp: "2026-01-01T00:00:00Z"
firstTimestamp: "2026-01-01T00:00:00Z"
"""


@pytest.fixture
def fake(objects: Callable[[str], list[Any]]) -> FakeClient:
    return FakeClient(*objects(OBJECTS))


@pytest.mark.parametrize(
    ("text", "up", "down"),
    [
        ("condition=Ready", True, False),
        ("condition=ready=false", False, True),
        ("condition=Other", False, False),
        ("jsonpath={.status.phase}=Running", True, False),
        ("jsonpath={.status.phase}='Pending'", False, True),
        ("jsonpath=.status.phase=Running", True, False),
        ('jsonpath={.status.conditions[?(@.type=="Ready")].status}=True', True, False),
        ("jsonpath={.status.loadBalancer.ingress}", False, False),
        ("jsonpath={.status.phase}", True, True),
        ("jsonpath={.status.podIPs[0].ip}", False, False),
    ],
)
def test_conditions(objects: Callable[[str], list[Any]], text: str, up: bool, down: bool) -> None:
    condition = parse_condition(text)
    assert [condition.met(obj) for obj in objects(OBJECTS)[:2]] == [up, down]


@pytest.mark.parametrize("text", ["", "x", "condition=", "jsonpath={.x}y", "jsonpath={.x[}"])
def test_bad_conditions(text: str) -> None:
    with pytest.raises(CliError):
        parse_condition(text)


def test_a_condition_that_holds(svclab: Run) -> None:
    assert svclab("wait", "--for=condition=Ready", "pod/up") == (0, "pod/up condition met\n", "")


def test_a_condition_that_does_not_come_in_time(svclab: Run) -> None:
    assert svclab("wait", "--for=condition=Ready", "pod/up", "pod/down", "--timeout=0") == (
        1,
        "pod/up condition met\n",
        "error: timed out waiting for the condition on pods/down\n",
    )


def test_a_change_that_brings_the_condition(svclab: Run, fake: FakeClient) -> None:
    stale = {key: type(item).FromString(item.SerializeToString()) for key, item in fake.objects.items()}
    svclab("patch", "pod", "down", "--type=merge", "-p", '{"status":{"phase":"Running"}}')
    fake.objects.update(stale)
    assert svclab("wait", "--for=jsonpath={.status.phase}=Running", "pod/down").out == "pod/down condition met\n"


@pytest.mark.parametrize(
    ("args", "code"),
    [(["--for=delete", "pod/none"], 0), (["--for=create", "pod/up"], 0), (["--for=condition=Ready", "pod/none"], 1)],
)
def test_objects_that_are_not_there(svclab: Run, args: list[str], code: int) -> None:
    assert svclab("wait", *args).code == code


def test_waiting_needs_names_or_a_selector(svclab: Run) -> None:
    assert "no name, label selector, or --all flag specified" in svclab("wait", "--for=delete", "pod").err
    assert svclab("wait", "--for=condition=Ready", "pod", "-l", "a=b").err == "error: no matching resources found\n"


def test_events_in_order(svclab: Run) -> None:
    rows = [line.split()[1:] for line in svclab("events").out.splitlines()]
    assert rows == [
        ["SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"],
        ["Normal", "Earlier", "Pod/down"],
        ["Warning", "Later", "Pod/up"],
    ]


@pytest.mark.parametrize("args", [["--for", "pod/up"], ["--types=Warning"], ["--types", "warning"]])
def test_chosen_events(svclab: Run, args: list[str]) -> None:
    assert svclab("events", "-o", "name", *args).out == "event/e2\n"


def test_no_events(svclab: Run) -> None:
    assert svclab("events", "-n", "empty") == (0, "", "No events found in empty namespace.\n")

"""`svclab get` against a client in memory."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from svclab.cli.fake_client import FakeClient

Run = Callable[..., Any]

OBJECTS = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default, labels: {app: web}}
spec: {type: ClusterIP, clusterIPs: [10.96.0.7], ports: [{port: 80, protocol: TCP}]}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: other}
spec: {type: ClusterIP, clusterIPs: [10.96.0.8]}
---
apiVersion: v1
kind: Pod
metadata: {name: web-1, namespace: default, labels: {app: web}}
spec: {containers: [{name: c}]}
status: {phase: Running}
"""


@pytest.fixture
def fake(objects: Callable[[str], list[Any]]) -> FakeClient:
    return FakeClient(*objects(OBJECTS))


def test_one_kind(svclab: Run) -> None:
    assert svclab("get", "svc").out == (
        "NAME   TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE\n"
        "web    ClusterIP   10.96.0.7    <none>        80/TCP    <unknown>\n"
    )


def test_several_kinds_carry_their_kind(svclab: Run) -> None:
    lines = svclab("get", "svc,po").out.splitlines()
    assert [line.split()[0] for line in lines if line] == ["NAME", "service/web", "NAME", "pod/web-1"]
    assert lines[2] == ""


def test_all_namespaces(svclab: Run) -> None:
    rows = [line.split()[:2] for line in svclab("get", "svc", "-A").out.splitlines()]
    assert rows == [["NAMESPACE", "NAME"], ["default", "web"], ["other", "api"]]


@pytest.mark.parametrize(
    ("args", "out"),
    [
        (["svc", "-o", "name"], "service/web\n"),
        (["svc/web", "-o", "jsonpath={.spec.clusterIPs[0]}"], "10.96.0.7"),
        (["svc", "-ojsonpath={.items[*].metadata.name}"], "web"),
        (["-o=jsonpath={.items[*].metadata.name}", "svc", "-A"], "web api"),
        (["svc", "-o", "custom-columns=N:.metadata.name,X:.spec.x", "--no-headers"], "web   <none>\n"),
        (["svc", "web", "--no-headers"], "web   ClusterIP   10.96.0.7   <none>   80/TCP   <unknown>\n"),
        (["po", "-L", "app,b", "--no-headers"], "web-1   0/1   Running   0     <unknown>   web   \n"),
        (["po", "--show-labels", "--no-headers"], "web-1   0/1   Running   0     <unknown>   app=web\n"),
        (["svc", "-A", "--sort-by=.spec.clusterIPs[0]", "-o", "name"], "service/web\nservice/api\n"),
        (["svc", "-A", "--sort-by={.metadata.name}", "-o", "name"], "service/api\nservice/web\n"),
        (["all", "-o", "name"], "pod/web-1\nservice/web\n"),
        (["svc", "-n", "other", "-o", "name"], "service/api\n"),
        (["svc", "-l", "app in (web)", "-o", "name"], "service/web\n"),
        (["svc", "nope", "--ignore-not-found"], ""),
        (["po", "nope", "-o", "yaml", "--ignore-not-found=true"], ""),
    ],
)
def test_output(svclab: Run, args: list[str], out: str) -> None:
    assert svclab("get", *args) == (0, out, "")


def test_lists_and_single_objects_as_json(svclab: Run) -> None:
    assert json.loads(svclab("get", "svc", "-o", "json").out)["kind"] == "List"
    assert json.loads(svclab("get", "svc", "web", "-o", "json").out)["kind"] == "Service"


def test_yaml_is_sorted_and_holds_kind_and_version(svclab: Run) -> None:
    assert svclab("get", "po", "web-1", "-o", "yaml").out.startswith(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  labels:\n"
    )


@pytest.mark.parametrize(
    ("args", "err"),
    [
        (["svc", "nope"], 'Error from server (NotFound): services "nope" not found\n'),
        (["foo"], 'error: the server doesn\'t have a resource type "foo"\n'),
        (["svc", "web", "-l", "a=b"], "error: name cannot be provided when a selector is specified\n"),
        (["svc", "web", "-A"], "error: a resource cannot be retrieved by name across all namespaces\n"),
        (["svc/"], "error: resource(s) were provided, but no name was specified\n"),
        (["svc", "-o", "jsonpath"], "error: jsonpath format specified but no template given\n"),
        (
            ["svc", "-o", "custom-columns=a"],
            "error: unexpected custom-columns spec: a, expected <header>:<json-path-expr>\n",
        ),
        (
            ["svc", "--sort-by", ".nothing"],
            'error: --sort-by ".nothing": couldn\'t find any field with this path in the list of objects\n',
        ),
        (["svc", "--sort-by", "{.x[}"], 'error: --sort-by "{.x[}": unterminated array\n'),
        (["svc", "po", "-w"], 'Error from server (NotFound): services "po" not found\n'),
        (["svc,po", "-w"], "error: you may only specify a single resource type, or a single object, with --watch\n"),
    ],
)
def test_faults_are_one_line_and_exit_code_1(svclab: Run, args: list[str], err: str) -> None:
    outcome = svclab("get", *args)
    assert (outcome.code, outcome.err) == (1, err)


def test_what_is_there_is_shown_before_what_is_not(svclab: Run) -> None:
    outcome = svclab("get", "svc", "nope", "web")
    assert outcome.code == 1
    assert "web" in outcome.out and '"nope" not found' in outcome.err


@pytest.mark.parametrize(
    ("args", "remark"),
    [
        (["svc", "-n", "empty"], "No resources found in empty namespace.\n"),
        (["cm", "-A"], "No resources found\n"),
        (["nodes"], "No resources found\n"),
    ],
)
def test_nothing_found_is_no_failure(svclab: Run, args: list[str], remark: str) -> None:
    assert svclab("get", *args) == (0, "", remark)


def test_watch_shows_each_change_below_the_list(svclab: Run, fake: FakeClient) -> None:
    before = fake.list

    def list_then_change(*args: Any, **kwargs: Any) -> Any:
        page = before(*args, **kwargs)
        fake.delete(*next((kind, "web", "default") for kind in [args[0]]))
        return page

    fake.list = list_then_change  # type: ignore[method-assign]
    outcome = svclab("get", "svc", "-w", "--output-watch-events")
    assert outcome.code == 130
    assert [line.split()[:2] for line in outcome.out.splitlines()] == [
        ["EVENT", "NAME"],
        ["ADDED", "web"],
        ["DELETED", "web"],
    ]


def test_from_a_file(svclab: Run) -> None:
    assert svclab("get", "-f", "-", "-o", "name", stdin=OBJECTS).out == "service/web\nservice/api\npod/web-1\n"

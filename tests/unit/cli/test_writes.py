"""Verbs that write: create, apply, replace, patch, delete, label, annotate, expose, run."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from protos.kinds import CONFIG_MAPS, PODS, SERVICES
from svclab.cli.fake_client import FakeClient
from svclab.cli.last_applied import ANNOTATION

Run = Callable[..., Any]

WEB = """\
apiVersion: v1
kind: Service
metadata:
  name: web
  labels: {app: web}
spec:
  selector: {app: web}
  ports:
  - {name: http, port: 80}
  - {name: https, port: 443}
"""


def service(fake: FakeClient, name: str = "web") -> Any:
    return fake.get(SERVICES, name, "default")


def test_create_then_again(svclab: Run) -> None:
    assert svclab("create", "-f", "-", stdin=WEB) == (0, "service/web created\n", "")
    assert svclab("create", "-f", "-", stdin=WEB) == (
        1,
        "",
        'Error from server (AlreadyExists): error when creating "STDIN": services "web" already exists\n',
    )


def test_a_refused_object_does_not_stop_the_next(svclab: Run) -> None:
    svclab("create", "-f", "-", stdin=WEB)
    outcome = svclab("create", "-f", "-", stdin=f"{WEB}---\n{WEB.replace('name: web', 'name: other')}")
    assert (outcome.code, outcome.out) == (1, "service/other created\n")


def test_nothing_is_written_if_any_document_is_malformed(svclab: Run, fake: FakeClient) -> None:
    outcome = svclab("apply", "-f", "-", stdin=f"{WEB}---\nkind: [\n")
    assert outcome.code == 1 and outcome.err.startswith("error: STDIN: document 2, line ")
    assert not fake.objects


@pytest.mark.parametrize("verb", ["create", "apply"])
def test_client_dry_run_writes_nothing(svclab: Run, fake: FakeClient, verb: str) -> None:
    assert svclab(verb, "-f", "-", "--dry-run=client", stdin=WEB) == (0, "service/web created (dry run)\n", "")
    assert svclab(verb, "-f", "-", "--dry-run=server", stdin=WEB) == (0, "service/web created (server dry run)\n", "")
    assert not fake.objects


def test_flags_before_the_verb_below_are_that_verbs(svclab: Run, fake: FakeClient) -> None:
    words = ("service", "clusterip", "web", "--tcp=80")
    outcome = svclab("create", "-n", "other", "--dry-run=client", "-o", "name", *words)
    assert outcome == (0, "service/web\n", "")
    assert not fake.objects
    assert svclab("create", "service", "-o", "name", "--dry-run=client", *words[1:]) == (0, "service/web\n", "")
    assert "no such option '-f'" in svclab("create", "-f", "web.yaml", *words).err


def test_apply_creates_changes_and_leaves_alone(svclab: Run, fake: FakeClient) -> None:
    assert svclab("apply", "-f", "-", stdin=WEB).out == "service/web created\n"
    assert json.loads(service(fake).metadata.annotations[ANNOTATION])["metadata"] == {
        "annotations": {},
        "labels": {"app": "web"},
        "name": "web",
        "namespace": "default",
    }
    assert svclab("apply", "-f", "-", stdin=WEB).out == "service/web unchanged\n"
    assert svclab("apply", "-f", "-", stdin=WEB.replace("port: 80}", "port: 81}")).out == "service/web configured\n"
    assert {port.port for port in service(fake).spec.ports} == {81, 443}


def test_apply_keeps_what_others_set_and_removes_what_it_set(svclab: Run, fake: FakeClient) -> None:
    svclab("apply", "-f", "-", stdin=WEB)
    svclab("label", "svc", "web", "by=others")
    svclab(
        "apply",
        "-f",
        "-",
        stdin=WEB.replace("  - {name: https, port: 443}\n", "").replace("{app: web}\nspec", "{}\nspec"),
    )
    found = service(fake)
    assert dict(found.metadata.labels) == {"by": "others"}
    assert [port.port for port in found.spec.ports] == [80]


def test_apply_to_an_object_that_was_only_created(svclab: Run) -> None:
    svclab("create", "-f", "-", stdin=WEB)
    outcome = svclab("apply", "-f", "-", stdin=WEB)
    assert outcome.out == "service/web configured\n"
    assert outcome.err.startswith(f"Warning: resource services/web is missing the {ANNOTATION} annotation")


def test_prune_deletes_what_is_no_longer_there(svclab: Run, fake: FakeClient) -> None:
    svclab("apply", "-f", "-", stdin=f"{WEB}---\n{WEB.replace('name: web', 'name: old')}")
    outcome = svclab("apply", "-f", "-", "--prune", "-l", "app=web", stdin=WEB)
    assert outcome.out == "service/web unchanged\nservice/old pruned\n"
    assert [name for _, _, name in fake.objects] == ["web"]


def test_replace_refuses_a_stale_version(svclab: Run) -> None:
    svclab("create", "-f", "-", stdin=WEB)
    text = svclab("get", "svc", "web", "-o", "yaml").out
    assert svclab("replace", "-f", "-", stdin=text).out == "service/web replaced\n"
    outcome = svclab("replace", "-f", "-", stdin=text)
    assert outcome.code == 1
    assert outcome.err == (
        'Error from server (Conflict): error when replacing "STDIN": Operation cannot be fulfilled on services "web": '
        "the object has been modified; please apply your changes to the latest version and try again\n"
    )


def test_replace_by_force(svclab: Run, fake: FakeClient) -> None:
    svclab("create", "-f", "-", stdin=WEB)
    before = service(fake).metadata.uid
    assert svclab("replace", "--force", "-f", "-", stdin=WEB).out == "service/web replaced\n"
    assert service(fake).metadata.uid != before


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["-p", '{"spec":{"sessionAffinity":"ClientIP"}}'], "service/web patched\n"),
        (["-p", "spec: {sessionAffinity: ClientIP}"], "service/web patched\n"),
        (["-p", '{"spec":{"selector":{"app":"web"}}}'], "service/web patched (no change)\n"),
        (["--type=json", "-p", '[{"op":"replace","path":"/spec/ports/0/port","value":81}]'], "service/web patched\n"),
        (["--type", "merge", "-p", '{"spec":{"ports":[{"port":1}]}}', "-o", "name"], "service/web\n"),
    ],
)
def test_patch(svclab: Run, args: list[str], line: str) -> None:
    svclab("create", "-f", "-", stdin=WEB)
    assert svclab("patch", "svc", "web", *args) == (0, line, "")


@pytest.mark.parametrize(
    "args", [[], ["-p", "{"], ["-p", "[]"], ["--type=json", "-p", "{}"], ["--patch-file", "/nowhere"]]
)
def test_bad_patches(svclab: Run, args: list[str]) -> None:
    outcome = svclab("patch", "svc", "web", *args)
    assert outcome.code == 1 and outcome.err.startswith("error: ") and outcome.err.count("\n") == 1


def test_delete(svclab: Run, fake: FakeClient) -> None:
    svclab("create", "-f", "-", stdin=WEB)
    assert svclab("delete", "svc", "web", "nope") == (
        1,
        'service "web" deleted\n',
        'Error from server (NotFound): services "nope" not found\n',
    )
    assert fake.sent == [{"grace_period": None, "propagation": "Background"}]
    assert svclab("delete", "svc", "nope", "--ignore-not-found").code == 0
    error = 'Error from server (NotFound): error when deleting "STDIN": services "web" not found\n'
    assert svclab("delete", "-f", "-", stdin=WEB).err == error


@pytest.mark.parametrize(
    ("args", "grace_period", "outcome"),
    [
        (["--now"], 1, "deleted"),
        (["--grace-period=5"], 5, "deleted"),
        (["--grace-period=0"], 1, "deleted"),
        (["--force", "--grace-period=0"], 0, "force deleted"),
        (["--force"], 0, "force deleted"),
        (["--wait=false"], None, "deleted"),
    ],
)
def test_grace_periods(svclab: Run, fake: FakeClient, args: list[str], grace_period: int, outcome: str) -> None:
    svclab("run", "p", "--image=echo")
    assert svclab("delete", "pod", "p", *args).out == f'pod "p" {outcome}\n'
    assert fake.sent[0]["grace_period"] == grace_period


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (["svc"], "no name, label selector, or --all flag specified"),
        (["svc", "web", "--all"], "name cannot be provided when --all is specified"),
        (["svc", "--all", "-l", "a=b"], "non empty selector"),
        (["svc", "web", "--now", "--grace-period=3"], "cannot be specified together"),
        (["svc", "web", "--force", "--grace-period=3"], "cannot be specified together"),
        (["svc", "web", "-o", "yaml"], "unexpected -o output mode"),
    ],
)
def test_bad_deletes(svclab: Run, args: list[str], reason: str) -> None:
    outcome = svclab("delete", *args)
    assert outcome.code == 1 and reason in outcome.err


def test_delete_all_and_dry_run(svclab: Run, fake: FakeClient) -> None:
    svclab("create", "-f", "-", stdin=f"{WEB}---\n{WEB.replace('name: web', 'name: other')}")
    assert svclab("delete", "svc", "--all", "--dry-run=client").out == (
        'service "other" deleted (dry run)\nservice "web" deleted (dry run)\n'
    )
    assert svclab("delete", "svc", "--all", "-o", "name").out == "service/other\nservice/web\n"
    assert not fake.objects
    assert svclab("delete", "svc", "--all") == (0, "", "No resources found\n")


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["tier=front"], "service/web labeled"),
        (["app=web"], "service/web not labeled"),
        (["app-"], "service/web unlabeled"),
        (["app=api", "--overwrite"], "service/web labeled"),
        (["none-"], 'label "none" not found.\nservice/web not labeled'),
        (["--list"], "app=web"),
    ],
)
def test_label(svclab: Run, args: list[str], line: str) -> None:
    svclab("create", "-f", "-", stdin=WEB)
    assert svclab("label", "svc", "web", *args) == (0, f"{line}\n", "")


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (["app=api"], "'app' already has a value (web), and --overwrite is false"),
        (["a=b", "a-"], "can not both modify and remove a label in the same command"),
        (["a=b c"], 'invalid label value: "b c"'),
        (["a=b", "svc"], "all resources must be specified before label changes: svc"),
        ([], "at least one label update is required"),
    ],
)
def test_bad_labels(svclab: Run, args: list[str], reason: str) -> None:
    svclab("create", "-f", "-", stdin=WEB)
    outcome = svclab("label", "svc", "web", *args)
    assert outcome.code == 1 and outcome.err.startswith(f"error: {reason}")


def test_annotate(svclab: Run, fake: FakeClient) -> None:
    svclab("create", "-f", "-", stdin=WEB)
    assert svclab("annotate", "svc/web", "note=some = text").out == "service/web annotated\n"
    assert service(fake).metadata.annotations["note"] == "some = text"
    assert svclab("annotate", "svc", "--all", "note-").out == "service/web annotated\n"
    assert not service(fake).metadata.annotations


def test_expose_a_pod_and_a_service(svclab: Run, fake: FakeClient) -> None:
    svclab("run", "web", "--image=echo", "--port=8080")
    assert svclab("expose", "pod", "web", "--port=80", "--target-port=http").out == "service/web exposed\n"
    made = service(fake)
    assert dict(made.spec.selector) == {"run": "web"}
    assert (made.spec.ports[0].port, made.spec.ports[0].targetPort.strVal) == (80, "http")
    assert svclab("expose", "svc", "web", "--name=two", "--type=NodePort").code == 0
    assert (service(fake, "two").spec.type, service(fake, "two").spec.ports[0].port) == ("NodePort", 80)
    assert svclab("expose", "svc", "web", "--port=x").err == (
        'error: invalid port "x": must be a number between 1 and 65535\n'
    )


def test_run(svclab: Run, fake: FakeClient) -> None:
    line = ["run", "web", "--image=echo", "--env=A=b=c", "--labels=x=y", "--restart=Never", "--command"]
    assert svclab(*line, "--", "sh", "-c", "exit 1").out == "pod/web created\n"
    pod = fake.get(PODS, "web", "default")
    container = pod.spec.containers[0]
    assert (list(container.command), container.env[0].value, dict(pod.metadata.labels)) == (
        ["sh", "-c", "exit 1"],
        "b=c",
        {"x": "y"},
    )
    assert (
        svclab("run", "other", "--image=echo", "--port=80", "--expose").out
        == "service/other created\npod/other created\n"
    )


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (
            ["clusterip", "x", "--tcp=80:8080"],
            "  ports:\n  - name: 80-8080\n    port: 80\n    protocol: TCP\n    targetPort: 8080\n",
        ),
        (
            ["clusterip", "x", "--clusterip=None"],
            "spec:\n  clusterIP: None\n  selector:\n    app: x\n  type: ClusterIP\n",
        ),
        (["nodeport", "x", "--tcp=80", "--node-port=30001"], '  - name: "80"\n    nodePort: 30001\n    port: 80\n'),
        (
            ["loadbalancer", "x", "--tcp=80:http"],
            "  - name: 80-http\n    port: 80\n    protocol: TCP\n    targetPort: http\n",
        ),
        (["externalname", "x", "--external-name=a.b"], "  externalName: a.b\n"),
    ],
)
def test_create_service_makes_what_kubectl_makes(svclab: Run, args: list[str], text: str) -> None:
    outcome = svclab("create", "service", *args, "--dry-run=client", "-o", "yaml")
    assert outcome.code == 0 and text in outcome.out


@pytest.mark.parametrize(
    "args", [["clusterip", "x"], ["nodeport", "x", "--tcp=a"], ["nodeport", "x", "--tcp=80:0"], ["externalname", "x"]]
)
def test_bad_services(svclab: Run, args: list[str]) -> None:
    assert svclab("create", "svc", *args).code == 1


def test_create_configmap_and_namespace(svclab: Run, fake: FakeClient, tmp_path: Any) -> None:
    (tmp_path / "text").write_text("t")
    (tmp_path / "bytes").write_bytes(b"\xff")
    source = f"--from-file={tmp_path}"
    assert svclab("create", "cm", "c", "--from-literal=a=b=c", source).out == "configmap/c created\n"
    made = fake.get(CONFIG_MAPS, "c", "default")
    assert (dict(made.data), dict(made.binaryData)) == ({"a": "b=c", "text": "t"}, {"bytes": b"\xff"})
    assert svclab("create", "ns", "test").out == "namespace/test created\n"
    assert svclab("create", "cm", "c", "--from-literal=a").err == (
        "error: invalid literal source a, expected key=value\n"
    )

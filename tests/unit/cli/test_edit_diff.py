"""`edit`, `diff`, `explain`, `api-resources`, `version`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from protos.kinds import SERVICES
from svclab.cli.fake_client import FakeClient

Run = Callable[..., Any]

WEB = """\
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: default
spec:
  ports:
  - port: 80
"""


@pytest.fixture
def fake(objects: Callable[[str], list[Any]]) -> FakeClient:
    return FakeClient(*objects(WEB))


def port(fake: FakeClient) -> int:
    return int(fake.get(SERVICES, "web", "default").spec.ports[0].port)


def test_what_the_editor_changes_is_sent(svclab: Run, fake: FakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBE_EDITOR", "sed -i 's/port: 80/port: 81/'")
    assert svclab("edit", "svc/web") == (0, "service/web edited\n", "")
    assert port(fake) == 81


@pytest.mark.parametrize(
    ("editor", "remark"),
    [
        ("true", "Edit cancelled, no changes made.\n"),
        ("truncate -s 0", "Edit cancelled, saved file was empty.\n"),
    ],
)
def test_edits_that_change_nothing(svclab: Run, monkeypatch: pytest.MonkeyPatch, editor: str, remark: str) -> None:
    monkeypatch.setenv("KUBE_EDITOR", editor)
    assert svclab("edit", "svc", "web") == (0, "", remark)


@pytest.mark.parametrize(
    ("editor", "reason"),
    [
        ("sed -i 's/port: 80/porrt: 80/'", 'error: unknown field "spec.ports[0].porrt"'),
        ("sed -i 's/name: web/name: api/'", "error: apiVersion, kind and name may not be changed"),
        ("sed -i 's/port: 80/port: [/'", "error: the edited file: document 1, line"),
        ("sed -i 's/port: 80/port: x/'", "error: spec.ports[0].port: expected an integer"),
    ],
)
def test_an_edit_that_is_refused_is_kept(
    svclab: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, editor: str, reason: str
) -> None:
    monkeypatch.setenv("KUBE_EDITOR", editor)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    outcome = svclab("edit", "svc", "web")
    assert outcome.code == 1 and outcome.err.startswith(reason)
    kept = Path(outcome.err.splitlines()[-1].partition('"')[2].rstrip('"'))
    assert kept.read_text().startswith("apiVersion: v1\n")


@pytest.mark.parametrize(("editor", "reason"), [("nonesuch", "unable to launch the editor"), ("false", "exit code 1")])
def test_editors_that_fail(svclab: Run, monkeypatch: pytest.MonkeyPatch, editor: str, reason: str) -> None:
    monkeypatch.setenv("KUBE_EDITOR", editor)
    outcome = svclab("edit", "svc", "web")
    assert outcome.code == 1 and reason in outcome.err


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the diff program writes."""
    path = tmp_path / "shown"
    monkeypatch.setenv("KUBECTL_EXTERNAL_DIFF", f"sh -c 'diff -u -N -r $0 $1 > {path}'")
    return path


def test_diff_tells_by_its_exit_code(svclab: Run, fake: FakeClient, shown: Path) -> None:
    assert svclab("apply", "-f", "-", stdin=WEB).code == 0
    assert svclab("diff", "-f", "-", stdin=WEB) == (0, "", "")
    assert svclab("diff", "-f", "-", stdin=WEB.replace("80", "81")).code == 1
    assert "+  - port: 81" in shown.read_text()
    assert svclab("diff", "-f", "-", stdin=WEB.replace("80", "[")).code == 2
    assert port(fake) == 80


def test_diff_of_a_new_object(svclab: Run, fake: FakeClient, shown: Path) -> None:
    assert svclab("diff", "-f", "-", stdin=WEB.replace("name: web", "name: new")).code == 1
    assert len(fake.objects) == 1
    assert "+  name: new" in shown.read_text()


def test_explain(svclab: Run) -> None:
    assert svclab("explain", "svc.spec.ports").out == (
        "KIND:       Service\nVERSION:    v1\n\nFIELD: ports <[]ServicePort>\n\nFIELDS:\n"
        "  appProtocol\t<string>\n  name\t<string>\n  nodePort\t<integer>\n  port\t<integer>\n"
        "  protocol\t<string>\n  targetPort\t<IntOrString>\n"
    )
    assert "    selector\t<map[string]string>\n" in svclab("explain", "svc", "--recursive").out
    assert svclab("explain", "svc.spec.foo").err == 'error: field "foo" does not exist\n'


def test_api_resources(svclab: Run) -> None:
    assert "services         svc          v1" in svclab("api-resources").out
    assert svclab("api-resources", "--namespaced=false", "-o", "name").out == "namespaces\nnodes\n"
    assert svclab("api-resources", "--api-group=discovery.k8s.io", "-o", "name").out == (
        "endpointslices.discovery.k8s.io\n"
    )


def test_version(svclab: Run) -> None:
    assert svclab("version").out.splitlines()[1] == "Server Version: v0.1.0"
    assert json.loads(svclab("version", "-o", "json").out)["clusterName"] == "fake"
    assert svclab("version", "--client").out.count("\n") == 1

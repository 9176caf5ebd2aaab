"""Files to checked objects; faults in one line with file, document and line."""

from pathlib import Path

import pytest

from svclab.cli.errors import CliError
from svclab.cli.manifests import Manifest, Validation, read_manifests

SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  ports:\n  - port: 80\n"


def read(folder: Path, text: str | bytes, validation: Validation = "warn", name: str = "f.yaml") -> list[Manifest]:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_manifests([str(path)], validation=validation)


def test_documents_and_lists_are_taken_apart(tmp_path: Path) -> None:
    typed = "apiVersion: v1\nkind: ServiceList\nitems:\n- metadata: {name: b}\n"
    mixed = (
        f"---\napiVersion: v1\nkind: List\nitems:\n- {{apiVersion: v1, kind: Pod, metadata: {{name: c}}}}\n---\n{typed}"
    )
    found = read(tmp_path, f"{SERVICE}{mixed}---\n# nothing\n")
    assert [(item.kind.kind, item.name, item.namespace) for item in found] == [
        ("Service", "web", "default"),
        ("Pod", "c", "default"),
        ("Service", "b", "default"),
    ]


def test_cluster_scoped_objects_get_no_namespace(tmp_path: Path) -> None:
    (found,) = read(tmp_path, "{apiVersion: v1, kind: Namespace, metadata: {name: a}}")
    assert found.namespace == ""


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f"{SERVICE}---\na: 1\n b: 2\n", "f.yaml: document 2, line 9: mapping values are not allowed in this context"),
        ("apiVersion: v1\nkind: Foo\n", 'f.yaml: document 1, line 1: no matches for kind "Foo" in version "v1"'),
        ("kind: Foo\n", "f.yaml: document 1, line 1: Object 'apiVersion' is missing"),
        ("text\n", "f.yaml: document 1, line 1: expected an object with apiVersion and kind"),
        (
            SERVICE.replace("80", '"80"'),
            'f.yaml: document 1, line 6: Service "web": spec.ports[0].port: expected an integer, got the string "80"',
        ),
        (b"\xff\xfe", "f.yaml: not UTF-8 text (byte 0)"),
        (b"k8s\x00\xff", "f.yaml: damaged protobuf"),
    ],
)
def test_faults(tmp_path: Path, text: str | bytes, fault: str) -> None:
    with pytest.raises(CliError) as caught:
        read(tmp_path, text)
    assert str(caught.value).removeprefix(f"{tmp_path}/").startswith(fault)
    assert "\n" not in str(caught.value)


UNKNOWN = SERVICE + "    portt: 81\n  foo: 1\n  foo: 2\n"


def test_unknown_and_duplicate_fields_are_warnings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(read(tmp_path, UNKNOWN)) == 1
    lines = [line.replace(f"{tmp_path}/", "") for line in capsys.readouterr().err.splitlines()]
    assert lines == [
        'Warning: f.yaml: document 1, line 9: duplicate key "spec.foo"',
        'Warning: f.yaml: document 1, line 7: unknown field "spec.ports[0].portt"',
        'Warning: f.yaml: document 1, line 9: unknown field "spec.foo"',
    ]


def test_strict_refuses_unknown_fields(tmp_path: Path) -> None:
    with pytest.raises(CliError, match=r'line 9: duplicate key "spec.foo"; unknown field "spec.ports\[0\].portt"'):
        read(tmp_path, UNKNOWN, "strict")


def test_ignore_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    read(tmp_path, UNKNOWN, "ignore")
    assert capsys.readouterr().err == ""


def test_unknown_field_in_a_list_is_named_by_its_own_path(tmp_path: Path) -> None:
    item = "- apiVersion: v1\n  kind: Service\n  metadata: {name: a}\n  spec:\n    foo: 1\n"
    with pytest.raises(CliError, match='line 8: unknown field "spec.foo"'):
        read(tmp_path, f"apiVersion: v1\nkind: List\nitems:\n{item}", "strict")


def test_folders_patterns_and_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("b.yaml", "a.json", "c.txt", "sub/d.yml"):
        kind = f'{{"apiVersion": "v1", "kind": "Service", "metadata": {{"name": "{Path(name).stem}"}}}}'
        (tmp_path / name).write_text(kind)
    assert [item.name for item in read_manifests([str(tmp_path)])] == ["a", "b"]
    assert [item.name for item in read_manifests([str(tmp_path)], recursive=True)] == ["a", "b", "d"]
    assert [item.name for item in read_manifests([f"{tmp_path}/*.yaml"])] == ["b"]
    with pytest.raises(CliError, match='the path "/nowhere" does not exist'):
        read_manifests(["/nowhere"])


def test_another_namespace_than_the_one_asked_for(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(SERVICE.replace("name: web", "name: web, namespace: a"))
    with pytest.raises(CliError, match="You must pass '--namespace=a'"):
        read_manifests([str(tmp_path / "f.yaml")], namespace="b", enforce=True)


def test_json_objects_one_after_another(tmp_path: Path) -> None:
    one = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}\n'
    assert len(read(tmp_path, one + one)) == 2
    with pytest.raises(CliError, match="document 2, line 2"):
        read(tmp_path, one + one[:-4])

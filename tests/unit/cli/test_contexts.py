"""Contexts: kept privately, chosen by name or by address."""

from pathlib import Path

import pytest

from svclab.cli import contexts
from svclab.cli.main import run
from svclab.cli.target import Place, find_place
from svclab.client.credentials import Credentials
from svclab.client.endpoint import Endpoint

PARTS = Credentials(b"authority", b"certificate", b"key")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("SVCLAB_SERVER", "SVCLAB_CLUSTER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    PARTS.save(tmp_path / "given")
    return tmp_path


def test_a_context_is_added_used_listed_and_removed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["context", "add", "far", "--server", "lab:6443", "--credentials", str(home / "given")]) == 0
    folder = contexts.endpoint("far").folder
    assert Credentials.load(folder) == PARTS
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert find_place("", "far") == Place("lab:6443", folder)
    assert find_place("lab:6443", "") == Place("lab:6443", folder)
    assert run(["context", "use", "far"]) == 0
    assert find_place("", "") == Place("lab:6443", folder)
    assert run(["context", "list"]) == 0
    assert "*         far    lab:6443" in capsys.readouterr().out
    assert run(["context", "remove", "far"]) == 0
    assert (contexts.names(), contexts.current()) == ([], "")


def test_a_cluster_in_containers_is_found_by_name(home: Path) -> None:
    endpoint = Endpoint(home / "state" / "svclab" / "boxed" / "endpoint")
    endpoint.save("localhost:40000", PARTS)
    assert find_place("", "boxed") == Place("localhost:40000", endpoint.folder)
    assert endpoint.port == 40000


def test_a_context_is_no_cluster_whose_nodes_could_be_changed(capsys: pytest.CaptureFixture[str]) -> None:
    contexts.endpoint("far").save("lab:6443", PARTS)
    assert run(["--cluster", "far", "node", "add"]) == 1
    assert capsys.readouterr().err.startswith("error: 'far' is a context: its nodes are changed by what started them")


def test_this_machine_has_several_names(home: Path) -> None:
    endpoint = contexts.endpoint("near")
    endpoint.save("localhost:6443", PARTS)
    for server in ("localhost:6443", "127.0.0.1:6443"):
        assert find_place(server, "") == Place(server, endpoint.folder)
    assert find_place("127.0.0.1:6444", "") == Place("127.0.0.1:6444", None)


def test_without_credentials_nobody_asks_over_tcp(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--server", "lab:6443", "get", "nodes"]) == 1
    assert (
        capsys.readouterr().err
        == "error: no credentials for lab:6443: `svclab context add` keeps some for an address\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["add", "x"], "error: give either --container, or --server and --credentials"),
        (["add", "X!", "--server", "a:1", "--credentials", "given"], "error: context name: 'X!' is not a name"),
        (["add", "x", "--server", "unix:/a", "--credentials", "given"], "error: --server: a context is for host:port"),
        (["add", "x", "--server", "a:1", "--credentials", "gone"], "error: --credentials gone: No such file"),
        (["use"], "error: give a NAME, or --none"),
        (["use", "nobody"], "error: no context 'nobody': see `svclab context list`"),
        (["remove", "nobody"], "error: no context 'nobody'"),
    ],
)
def test_refusals_are_one_line(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(home)
    assert run(["context", *arguments]) == 1
    assert capsys.readouterr().err.startswith(message)

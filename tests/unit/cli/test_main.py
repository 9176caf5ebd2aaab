"""The command line itself: forms of flags, help, failures, choosing a cluster, what is imported."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from protos.kubernetes import core_pb2, meta_pb2
from svclab.cli.commands import COMMANDS
from svclab.cli.errors import CliError, api_error_text
from svclab.cli.fake_client import FakeClient
from svclab.cli.lifecycle.node import node
from svclab.cli.settings import Settings
from svclab.cli.suggestions import complete_sources, complete_targets
from svclab.cli.target import find_place
from svclab.cli.verbs.trace import trace
from svclab.client import errors

Run = Callable[..., Any]


def test_every_command_is_in_the_docs() -> None:
    text = (Path(__file__).parents[3] / "docs" / "cli.md").read_text()
    assert [name for name in COMMANDS if f"`{name}`" not in text and f"`svclab {name}" not in text] == []


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_in_kubectls_form(svclab: Run, name: str) -> None:
    outcome = svclab(name, "--help")
    assert outcome.code == 0 and f"Usage:\n  svclab {name}" in outcome.out
    assert outcome.out.splitlines()[0].endswith(".")


def test_the_overview_lists_every_command(svclab: Run) -> None:
    text = svclab().out
    assert [name for name in COMMANDS if f"\n  {name} " not in text] == []


def test_help_is_a_command_too(svclab: Run) -> None:
    assert svclab("help", "create", "service").out == svclab("create", "service", "--help").out
    assert svclab("help").out == svclab("--help").out == svclab().out


@pytest.mark.parametrize(
    ("args", "err"),
    [
        (["gte", "svc"], 'error: unknown command "gte" for "svclab"; did you mean "get"?\n'),
        (["zzzzz"], 'error: unknown command "zzzzz" for "svclab"\n'),
        (["get", "--foo"], "error: no such option '--foo'\nSee 'svclab get --help' for usage.\n"),
    ],
)
def test_what_is_not_there(svclab: Run, args: list[str], err: str) -> None:
    assert svclab(*args) == (1, "", err)


@pytest.mark.parametrize("flag", ["-A", "--all-namespaces", "--all-namespaces=true", "-A=true"])
def test_flags_as_kubectl_takes_them(svclab: Run, flag: str) -> None:
    assert svclab("get", "svc", flag, "-v=0", "-o=name", "-n=x") == (0, "", "")


def test_a_flag_that_is_false(svclab: Run) -> None:
    assert svclab("get", "svc", "--all-namespaces=false").err == "No resources found in default namespace.\n"


def test_global_options_stand_anywhere(svclab: Run) -> None:
    assert svclab("-n", "a", "get", "svc").err == "No resources found in a namespace.\n"
    assert svclab("get", "-n", "a", "svc").err == "No resources found in a namespace.\n"


def test_no_traceback_without_v(svclab: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("svclab.cli.selection.find_kind", lambda word: 1 / 0)
    assert svclab("get", "svc").err == (
        "error: ZeroDivisionError: division by zero (run again with -v for the traceback)\n"
    )
    assert svclab("get", "svc", "-v").err.startswith("Traceback")


def status(reason: str, message: str = "m", **details: Any) -> meta_pb2.Status:
    return meta_pb2.Status(reason=reason, message=message, details=meta_pb2.StatusDetails(**details))


CAUSES = [meta_pb2.StatusCause(field="spec.a", message="Required value"), meta_pb2.StatusCause(message="and more")]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (errors.NotFound(status("NotFound")), "Error from server (NotFound): c: m"),
        (errors.ApiError(status("")), "Error from server: c: m"),
        (errors.unreachable("unix:/x"), "error: no API server answers at unix:/x"),
        (
            errors.Invalid(status("Invalid", kind="Service", name="web", causes=CAUSES[:1])),
            'The Service "web" is invalid: spec.a: Required value',
        ),
        (
            errors.Invalid(status("Invalid", kind="Service", name="web", causes=CAUSES)),
            'The Service "web" is invalid: \n* spec.a: Required value\n* and more',
        ),
    ],
)
def test_words_for_refused_requests(error: errors.ApiError, text: str) -> None:
    assert api_error_text(error, "c").startswith(text)


@pytest.fixture
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("SVCLAB_SERVER", "SVCLAB_CLUSTER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "svclab"


def listen(home: Path, *names: str) -> list[socket.socket]:
    found = []
    for name in names:
        (home / name).mkdir(parents=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(home / name / "api.sock"))
        listener.listen()
        found.append(listener)
    return found


def test_the_only_running_cluster_is_meant(state_home: Path) -> None:
    running, crashed = listen(state_home, "one", "crashed")
    crashed.close()
    assert find_place("", "").address == f"unix:{state_home}/one/api.sock"
    running.close()


def test_of_several_the_default_one_is_meant(state_home: Path) -> None:
    listeners = listen(state_home, "one", "svclab")
    assert find_place("", "").address == f"unix:{state_home}/svclab/api.sock"
    for listener in listeners:
        listener.close()


def test_none_or_too_many_clusters(state_home: Path) -> None:
    with pytest.raises(CliError, match="no cluster is running; start one with `svclab up`"):
        find_place("", "")
    listeners = listen(state_home, "one", "two")
    with pytest.raises(CliError, match=r"2 clusters are running \(one, two\); choose one with --cluster NAME"):
        find_place("", "")
    with pytest.raises(CliError, match='cluster "three" is not running; start it with `svclab up --name three`'):
        find_place("", "three")
    for listener in listeners:
        listener.close()


def test_options_win_over_the_environment(state_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SVCLAB_SERVER", "localhost:1")
    (listener,) = listen(state_home, "one")
    assert find_place("", "").address == "localhost:1"
    assert find_place("", "one").address == f"unix:{state_home}/one/api.sock"
    assert find_place("unix:/x", "one").address == "unix:/x"
    listener.close()


def test_what_was_written_before_a_failure_arrives() -> None:
    program = """
import sys
from svclab.cli import main
from svclab.cli.errors import ExitWith
def fail(*args, **options):
    sys.stdout.write("written\\n")
    raise ExitWith(4)
main.cli.main = fail
main.main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (4, "written\n", "")


def test_a_table_needs_no_yaml_and_no_json_machinery() -> None:
    """What `svclab get svc` imports before it calls the server decides how long it takes."""
    program = (
        "import sys\n"
        "import svclab.cli.main, svclab.cli.verbs.get, svclab.cli.printers.services\n"
        "heavy = {'yaml', 'asyncio', 'grpc', 'json', 'protos.jsonform', 'pyroute2', 'cryptography', 'socket'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_completion_scripts(svclab: Run) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "_SVCLAB_COMPLETE" in svclab("completion", shell).out


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("svclab ge", "get"),
        ("svclab get se", "services"),
        ("svclab get sv", "svc"),
        ("svclab get --sho", "--show-labels"),
        ("svclab create n", "ns"),
        ("svclab trace --from o", "outside"),
        ("svclab trace --to p", "pod/"),
    ],
)
def test_completion_proposes(line: str, expected: str) -> None:
    words = line.split()
    environment = {"_SVCLAB_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    program = [sys.executable, "-m", "svclab.cli"]
    done = subprocess.run(program, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert expected in [proposal.partition(",")[2] for proposal in done.stdout.splitlines()]


def test_completion_of_a_packets_ends() -> None:
    objects: list[Any] = [core_pb2.Pod(), core_pb2.Service(), core_pb2.Node()]
    for name, found in zip(("client", "web", "node-1"), objects, strict=True):
        found.metadata.name = name
        found.metadata.namespace = "" if name == "node-1" else "default"
    with click.Context(trace, obj=Settings(client=FakeClient(*objects))) as ctx:  # type: ignore[arg-type]
        parameter = trace.params[0]
        assert complete_sources(ctx, parameter, "") == ["outside", "pod/", "node/"]
        assert complete_sources(ctx, parameter, "pod/") == ["pod/client"]
        assert complete_targets(ctx, parameter, "node/n") == ["node/node-1"]
        assert complete_targets(ctx, parameter, "w") == ["web"]


def test_completion_of_a_nodes_name() -> None:
    made = core_pb2.Node()
    made.metadata.name = "node-1"
    with click.Context(node, obj=Settings(client=FakeClient(made))) as ctx:  # type: ignore[arg-type]
        for verb in ("remove", "stop", "start", "exec"):
            (argument,) = (one for one in node.commands[verb].params if one.name == "name")
            assert [one.value for one in argument.shell_complete(ctx, "n")] == ["node-1"]

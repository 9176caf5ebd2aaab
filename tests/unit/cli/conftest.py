"""Runs command lines against a client in memory."""

import io
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from protos.jsonform import from_object
from svclab.cli.documents import read_yaml
from svclab.cli.fake_client import FakeClient
from svclab.cli.main import run
from svclab.cli.settings import Settings


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def objects() -> Callable[[str], list[Any]]:
    """Objects from YAML."""
    return lambda text: [from_object(document.value) for document in read_yaml.read(text)]


@pytest.fixture
def fake() -> FakeClient:
    return FakeClient()


@pytest.fixture
def svclab(fake: FakeClient, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `svclab` with these arguments against the fake."""

    def run_line(*args: str, stdin: str = "") -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = run(args, Settings(client=fake))  # type: ignore[arg-type]
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run_line

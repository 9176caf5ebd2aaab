"""The whole process: it starts, serves with its controllers, says in one line why it cannot, and survives a kill."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from apiserver.__main__ import parse
from apiserver.config import Config
from apiserver.main import running
from protos import kinds
from protos.kubernetes import core_pb2
from svclab.client import Client, Target, errors


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(socket=tmp_path / "api.sock", state_dir=tmp_path / "state")


def client_of(config: Config) -> Client:
    return Client(Target.parse(f"unix:{config.socket}"))


@contextmanager
def process(config: Config) -> Iterator[subprocess.Popen[str]]:
    """The API server as a process of its own, killed at the end."""
    arguments = ["--socket", str(config.socket), "--state-dir", str(config.state_dir)]
    child = subprocess.Popen([sys.executable, "-m", "apiserver", *arguments], stderr=subprocess.PIPE, text=True)
    assert child.stderr is not None
    try:
        while "serving on" not in (line := child.stderr.readline()):
            assert line, "it ended before it served"
        yield child
    finally:
        child.kill()
        child.wait()
        child.stderr.close()


def config_map(name: str) -> core_pb2.ConfigMap:
    new = core_pb2.ConfigMap()
    new.metadata.name, new.metadata.namespace = name, "default"
    return new


async def test_a_service_gets_its_slice(config: Config) -> None:
    service = core_pb2.Service()
    service.metadata.name, service.metadata.namespace = "web", "default"
    service.spec.selector["app"] = "web"
    service.spec.ports.add(port=80)
    async with running(config), client_of(config) as client:
        await client.create(service)
        async for batch in client.watch(kinds.ENDPOINT_SLICES, "default"):
            if any(event.object.metadata.labels["kubernetes.io/service-name"] == "web" for event in batch):
                break


async def test_a_restart_keeps_the_cluster(config: Config) -> None:
    async with running(config), client_of(config) as client:
        before = await client.create(config_map("a"))
        address = (await client.get(kinds.SERVICES, "kubernetes", "default")).spec.clusterIP
    assert address == "10.96.0.1"
    async with running(config), client_of(config) as client:
        assert await client.get(kinds.CONFIG_MAPS, "a", "default") == before
        assert (await client.get(kinds.SERVICES, "kubernetes", "default")).spec.clusterIP == address
        with pytest.raises(errors.AlreadyExists):
            await client.create(config_map("a"))


@pytest.mark.parametrize("blocked", ["store", "socket", "range"])
async def test_what_keeps_it_from_starting_is_one_line(
    config: Config, tmp_path: Path, blocked: str, capsys: pytest.CaptureFixture[str]
) -> None:
    other = {
        "store": Config(tmp_path / "other.sock", config.state_dir),
        "socket": Config(config.socket, tmp_path / "other"),
        "range": Config(tmp_path / "other.sock", tmp_path / "other", service_cidr="10.96.0.0/99"),
    }[blocked]
    async with running(config):
        assert await asyncio.to_thread(_run_elsewhere, other) == 1
        async with client_of(config) as client:
            await client.version()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("apiserver: ")


def _run_elsewhere(config: Config) -> int:
    arguments = ["--socket", str(config.socket), "--state-dir", str(config.state_dir)]
    arguments += ["--service-cidr", config.service_cidr]
    done = subprocess.run([sys.executable, "-m", "apiserver", *arguments], capture_output=True, text=True)
    print(done.stderr, file=sys.stderr, end="")
    return done.returncode


async def test_a_kill_under_load_loses_nothing_acknowledged(config: Config) -> None:
    acknowledged: list[str] = []

    async def write(client: Client, writer: int, server: subprocess.Popen[str]) -> None:
        for number in range(1000):
            try:
                acknowledged.append((await client.create(config_map(f"m{writer}-{number}"))).metadata.name)
            except errors.ApiError:
                return
            if len(acknowledged) == 200:
                server.kill()

    with process(config) as server:
        async with client_of(config) as client, asyncio.TaskGroup() as group:
            for writer in range(10):
                group.create_task(write(client, writer, server))
    async with running(config), client_of(config) as client:
        found = {item.metadata.name for item in (await client.list(kinds.CONFIG_MAPS, "default")).items}
    assert len(acknowledged) >= 200
    assert set(acknowledged) <= found


def test_a_termination_is_a_clean_end(config: Config) -> None:
    with process(config) as server:
        server.terminate()
        assert server.wait(10) == 0
        assert server.stderr is not None
        assert server.stderr.read() == ""
    assert not config.socket.exists()


def test_arguments_become_a_config() -> None:
    config = parse(
        ["--socket", "/run/a.sock", "--state-dir", "/var/a", "--node-port-range", "30000-30010", "--store=memory"]
    )
    assert config == Config(Path("/run/a.sock"), Path("/var/a"), store="memory", node_port_range=(30000, 30010))


def test_every_flag_is_in_the_docs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])
    flags = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    page = (Path(__file__).parents[3] / "docs" / "api-server.md").read_text()
    assert {flag for flag in flags if f"`{flag}`" not in page} == set()


@pytest.mark.parametrize("text", ["30000", "5-2", "a-b", "0-10", "1-70000"])
def test_a_port_range_that_is_none_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--socket", "/a", "--state-dir", "/b", "--node-port-range", text])
    assert "invalid port_range value" in capsys.readouterr().err

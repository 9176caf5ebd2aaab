"""Which nodes are members, and what their health checks find."""

import asyncio

import pytest

from cloud_controller.backends import EXCLUDE_LABEL, SCALE_DOWN_TAINT, Backend, backends
from cloud_controller.config import Cadence
from cloud_controller.health import Check, HealthChecks, http_probe
from protos.kubernetes import core_pb2


def node(name: str, *addresses: str) -> core_pb2.Node:
    found = core_pb2.Node()
    found.metadata.name = name
    for address in addresses:
        found.status.addresses.add(type="InternalIP", address=address)
    return found


def test_members_have_an_address_of_each_family_and_are_sorted() -> None:
    nodes = [node("b", "10.0.0.2"), node("a", "10.0.0.1", "fd00::1")]
    assert backends(nodes) == (Backend("a", "10.0.0.1", "fd00::1"), Backend("b", "10.0.0.2", ""))


def test_excluded_leaving_and_deleted_nodes_are_no_members() -> None:
    excluded, kept, leaving, deleted = (node(name, "10.0.0.1") for name in "wxyz")
    excluded.metadata.labels[EXCLUDE_LABEL] = ""
    kept.metadata.labels[EXCLUDE_LABEL] = "false"
    leaving.spec.taints.add(key=SCALE_DOWN_TAINT, effect="NoSchedule")
    deleted.metadata.deletionTimestamp.seconds = 1
    assert [backend.name for backend in backends([excluded, kept, leaving, deleted])] == ["x"]


async def test_a_target_turns_after_the_thresholds() -> None:
    answers = iter([True, False, True, False, False])
    seen: list[bool] = []
    check, finished = Check("10.0.0.1", 10256), asyncio.Event()

    async def probe(_: Check, __: float) -> bool:
        answer = next(answers, None)
        if answer is None:
            finished.set()
            await asyncio.Event().wait()
        return bool(answer)

    checks = HealthChecks(Cadence(0.0, failures=2), lambda: seen.append(checks.is_healthy(check)), probe)
    checks.watch({check})
    await finished.wait()
    assert seen == [True, False]
    await checks.stop()
    assert not checks.is_healthy(check)


@pytest.mark.parametrize(
    ("answer", "healthy"),
    [(b"HTTP/1.1 200 OK\r\n\r\n", True), (b"HTTP/1.1 503 No\r\n\r\n", False), (b"", False), (b"\xff" * 9999, False)],
)
async def test_only_200_is_healthy(answer: bytes, healthy: bool) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert await http_probe(Check("127.0.0.1", port), 2.0) is healthy
    assert await http_probe(Check("127.0.0.1", port), 2.0) is False


async def test_every_target_is_known_after_its_first_probe() -> None:
    async def probe(check: Check, _: float) -> bool:
        return check.port == 1

    checks = HealthChecks(Cadence(3600.0), lambda: None, probe)
    checks.watch({Check("10.0.0.2", 1), Check("10.0.0.2", 2)})
    assert not checks.is_healthy(Check("10.0.0.2", 1))
    await checks.probed()
    assert checks.is_healthy(Check("10.0.0.2", 1))
    assert not checks.is_healthy(Check("10.0.0.2", 2))
    await checks.stop()
    await checks.probed()

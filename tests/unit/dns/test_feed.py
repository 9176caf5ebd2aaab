"""From the API to an answer: an API server in process, and what its watches change."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass

import dns.rcode
import pytest

from apiserver.registry import ClusterNetwork, Registry
from apiserver.server.api import Api
from apiserver.server.node_streams import NodeStreams
from apiserver.store import MemoryStore
from cluster_dns import feed
from cluster_dns.feed import TRIGGER_TIME, Feed
from protos import kinds
from protos.kubernetes.core_pb2 import Namespace
from svclab.client import Client
from svclab.client.transport import LocalTransport
from tests.unit.dns.conftest import At, DnsServer, endpoint_slice, section_text, service

WEB = "web.default.svc.cluster.local. A"


@dataclass(frozen=True)
class Fed:
    """A DNS server that follows an API; `programmed` are the trigger times that it was told are served."""

    dns: DnsServer
    client: Client
    programmed: list[float]


@pytest.fixture
async def fed() -> AsyncIterator[Fed]:
    store = MemoryStore()
    registry = Registry(store, ClusterNetwork(), random=random.Random(1))
    await registry.bootstrap()
    client = Client(LocalTransport(Api(store, registry, NodeStreams(), "test", random.Random(1))))
    server, programmed = DnsServer(), list[float]()
    following = asyncio.create_task(Feed(client, server.catalog, server.zone, lambda: 1.0, programmed.append).run())
    yield Fed(server, client, programmed)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


async def becomes(server: DnsServer, question: str, answer: list[str]) -> None:
    """Waits until the question has these answers."""
    while section_text(server.ask(question).answer) != answer:  # noqa: ASYNC110 (no event tells of it)
        await asyncio.sleep(0)


async def test_what_is_there_at_first_is_served_only_when_all_is_known(fed: Fed) -> None:
    question = "kubernetes.default.svc.cluster.local. A"
    rcodes = [fed.dns.ask(question).rcode()]
    while rcodes[-1] == dns.rcode.SERVFAIL:
        await asyncio.sleep(0)
        rcodes.append(fed.dns.ask(question).rcode())
    assert set(rcodes) == {dns.rcode.SERVFAIL, dns.rcode.NOERROR}
    await becomes(fed.dns, question, ["kubernetes.default.svc.cluster.local. 30 IN A 10.96.0.1"])


async def test_changes_are_served(fed: Fed) -> None:
    await becomes(fed.dns, "kubernetes.default.svc.cluster.local. AAAA", [])
    await fed.client.create(service("web", "10.96.0.7", ports=[("", 80, "TCP")]))
    await becomes(fed.dns, WEB, ["web.default.svc.cluster.local. 30 IN A 10.96.0.7"])
    await fed.client.delete(kinds.SERVICES, "web", "default")
    await becomes(fed.dns, WEB, [])


async def test_namespaces_are_served(fed: Fed) -> None:
    pod = "10-0-0-2.fresh.pod.cluster.local."
    await becomes(fed.dns, f"{pod} A", [])
    fresh = Namespace()
    fresh.metadata.name = "fresh"
    await fed.client.create(fresh)
    await becomes(fed.dns, f"{pod} A", [f"{pod} 30 IN A 10.0.0.2"])


async def test_endpoints_are_served_and_the_time_since_their_change_is_told(fed: Fed) -> None:
    headless = service("db", "None", ports=[("sql", 80, "TCP")])
    headless.spec.selector["app"] = "db"
    await fed.client.create(headless)
    await becomes(fed.dns, "db.default.svc.cluster.local. A", [])
    slice_ = endpoint_slice("db-1", "db", At("10.0.0.1"), ports=[("sql", 80, "TCP")])
    slice_.metadata.annotations[TRIGGER_TIME] = "2026-01-02T03:04:05.5Z"
    await fed.client.create(slice_)
    await becomes(fed.dns, "db.default.svc.cluster.local. A", ["db.default.svc.cluster.local. 30 IN A 10.0.0.1"])
    assert fed.programmed == [1767323045.5]


async def test_many_changes_are_applied_a_few_at_a_time(fed: Fed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "PORTION", 1)
    for number in range(10):
        await fed.client.create(service(f"web-{number}", f"10.96.1.{number}", ports=[("", 80, "TCP")]))
    name = "web-9.default.svc.cluster.local."
    await becomes(fed.dns, f"{name} A", [f"{name} 30 IN A 10.96.1.9"])

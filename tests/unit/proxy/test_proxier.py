"""The loop: when it writes, what it does when the kernel refuses, and what follows a commit."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from node_agent.nft.fake import FakeNft
from node_agent.nft.transaction import RefillTable
from node_agent.proxy import proxier as module
from node_agent.proxy.config import ProxyConfig
from node_agent.proxy.http import Answer, serve
from node_agent.proxy.proxier import Proxier
from tests.unit.proxy.objects import HERE, RANGES, THERE, endpoint, key, node, service, slice_
from tests.unit.proxy.test_conntrack import FakeConntrack, flow
from tests.unit.proxy.test_http import ask, free_port, listening

WEB, WEB_SLICE = service("web", "10.96.0.10"), slice_("web", endpoint("10.244.1.5"))


class Node:
    """A proxy whose ports the kernel chooses, and its surroundings."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.nft = FakeNft()
        self.conntrack = FakeConntrack()
        config = ProxyConfig(HERE, RANGES, metrics_port=0, healthz_port=0)
        self.proxier = Proxier(self.nft, self.conntrack, config, clock=lambda: self.now)
        self.running = asyncio.create_task(self.proxier.run())

    def see(self, *objects: object) -> None:
        for found in objects:
            if hasattr(found, "addressType"):
                self.proxier.slice_changed(key(found), found)  # type: ignore[arg-type]
            else:
                self.proxier.service_changed(key(found), found)  # type: ignore[arg-type]

    def rows(self, set_name: str) -> dict[str, str]:
        return self.nft.tables["ip", "svclab"].sets[set_name]

    def metric(self, name: str, **labels: str) -> float:
        value: float | None = self.proxier.metrics.registry.get_sample_value(f"kubeproxy_{name}", labels)
        assert value is not None, name
        return value

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not holds():  # noqa: ASYNC110  # what is waited for has no event
                await asyncio.sleep(0.001)

    async def settled(self) -> None:
        await self.until(lambda: self.proxier.is_current)


@pytest.fixture
async def here(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Node]:
    monkeypatch.setattr(module, "FIRST_RETRY", 0.001)
    found = Node()
    found.proxier.node_changed(node())
    yield found
    found.running.cancel()
    await asyncio.wait([found.running])


async def synced(here: Node, *objects: object) -> None:
    here.see(*objects)
    here.proxier.synced()
    await here.settled()


async def test_nothing_is_written_before_everything_was_listed(here: Node) -> None:
    here.see(WEB, WEB_SLICE)
    for _ in range(10):
        await asyncio.sleep(0)
    assert here.nft.transactions == []
    assert not here.proxier.is_current
    here.proxier.synced()
    await here.settled()
    assert here.rows("endpoints") == {"10.96.0.10 . tcp . 80 . 0": "10.244.1.5 . 8080"}
    assert len(here.nft.transactions) == 1


async def test_changes_are_written_as_changes(here: Node) -> None:
    await synced(here, WEB, WEB_SLICE)
    here.see(slice_("web", endpoint("10.244.1.5"), endpoint("10.244.1.6")))
    await here.settled()
    assert len(here.rows("endpoints")) == 2
    here.proxier.service_changed(key(WEB), None)
    await here.settled()
    assert here.rows("services") == {}
    assert [type(change) for change in here.nft.transactions[0].changes] == [RefillTable, RefillTable]
    assert not any(isinstance(c, RefillTable) for found in here.nft.transactions[1:] for c in found.changes)
    assert here.metric("sync_full_proxy_rules_duration_seconds_count") == 1
    assert here.metric("sync_partial_proxy_rules_duration_seconds_count") == 2
    assert here.metric("sync_proxy_rules_duration_seconds_count") == 3


async def test_what_the_kernel_refuses_is_written_as_a_whole(here: Node) -> None:
    await synced(here, WEB, WEB_SLICE)
    here.nft.refusals = 3  # one change, and both tries of a full pass
    here.proxier.service_changed(key(WEB), None)
    await here.until(lambda: here.nft.refusals == 0)
    await here.settled()
    assert here.rows("services") == {}
    assert [type(change) for change in here.nft.transactions[-1].changes] == [RefillTable, RefillTable]
    assert here.metric("sync_proxy_rules_nftables_sync_failures_total") == 2


async def test_a_new_address_of_the_node_touches_everything(here: Node) -> None:
    await synced(here, service("web", "10.96.0.10", type="NodePort", nodePort=30080), WEB_SLICE)
    assert "172.18.0.2 . tcp . 30080" in here.rows("services")
    here.proxier.node_changed(node("172.18.0.9"))
    await here.settled()
    assert [vip for vip in here.rows("services") if "30080" in vip] == ["172.18.0.9 . tcp . 30080"]


async def test_a_node_that_only_beats_touches_nothing(here: Node) -> None:
    await synced(here)
    beating = node()
    beating.status.conditions.add(type="Ready", status="True")
    here.proxier.node_changed(beating)
    assert here.proxier.is_current
    assert len(here.nft.transactions) == 1


async def test_after_an_hour_everything_is_written_again(here: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FULL_SYNC_PERIOD", 0.01)
    await synced(here, WEB)
    await here.until(lambda: len(here.nft.transactions) >= 3)
    assert here.metric("sync_full_proxy_rules_duration_seconds_count") >= 3


async def test_events_may_come_while_a_pass_works_in_a_thread(here: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "INLINE_CHANGES", 0)
    await synced(here, WEB)
    for count in range(40):
        here.see(service(f"svc-{count}", f"10.96.1.{count}"), slice_(f"svc-{count}", endpoint("10.244.1.5")))
        if count % 8 == 0:
            here.proxier.node_changed(node(f"172.18.0.{count + 2}"))
        await asyncio.sleep(0)
    await here.settled()
    assert len(here.rows("endpoints")) == 40


async def test_stale_udp_flows_go_after_the_commit(here: Node) -> None:
    here.conntrack.flows = [flow(reply="10.244.1.99"), flow()]
    dns = service("dns", "10.96.0.53", port=53, protocol="UDP")
    await synced(here, dns, slice_("dns", endpoint("10.244.1.5"), protocol="UDP"))
    await here.until(lambda: here.conntrack.flows == [flow()])
    here.proxier.service_changed(key(dns), None)
    await here.until(lambda: here.conntrack.flows == [])


async def test_ports_without_local_endpoints_are_counted(here: Node) -> None:
    local = service(
        "web",
        "10.96.0.10",
        type="NodePort",
        nodePort=30080,
        externalTrafficPolicy="Local",
        internalTrafficPolicy="Local",
    )
    await synced(here, local, slice_("web", endpoint("10.244.2.5", THERE)))
    name = "sync_proxy_rules_no_local_endpoints_total"
    assert (here.metric(name, traffic_policy="internal"), here.metric(name, traffic_policy="external")) == (1, 1)
    here.see(WEB_SLICE)
    await here.settled()
    assert (here.metric(name, traffic_policy="internal"), here.metric(name, traffic_policy="external")) == (0, 0)
    here.see(slice_("web", endpoint("10.244.2.5", THERE)))
    await here.settled()
    here.proxier.service_changed(key(local), None)
    await here.settled()
    assert (here.metric(name, traffic_policy="internal"), here.metric(name, traffic_policy="external")) == (0, 0)


async def test_the_time_from_the_change_to_the_rules_is_measured(here: Node) -> None:
    await synced(here, WEB)
    here.now = 1_767_225_602.0
    found = slice_("web", endpoint("10.244.1.5"))
    found.metadata.annotations["endpoints.kubernetes.io/last-change-trigger-time"] = "2026-01-01T00:00:00Z"
    here.see(found)
    await here.settled()
    assert here.metric("network_programming_duration_seconds_count") == 1
    assert here.metric("network_programming_duration_seconds_sum") == 2.0


async def test_health_follows_what_waits_for_the_kernel(here: Node) -> None:
    health = here.proxier.health
    assert health.answer("/healthz").status == 200  # a proxy that has just started
    here.now += 61
    assert health.answer("/healthz").status == 503
    await synced(here, WEB)
    here.now += 3600
    assert health.answer("/healthz").status == 200
    here.nft.refusals = 10**6
    here.see(WEB_SLICE)
    here.now += 59
    assert health.answer("/livez").status == 200
    here.now += 2
    assert health.answer("/livez").status == 503
    here.nft.refusals = 0
    await here.settled()
    assert health.answer("/livez").status == 200


async def test_a_node_that_leaves_is_not_eligible(here: Node) -> None:
    await synced(here)
    leaving = node()
    leaving.spec.taints.add(key="ToBeDeletedByClusterAutoscaler", effect="NoSchedule")
    here.proxier.node_changed(leaving)
    assert here.proxier.health.answer("/healthz").status == 503
    assert b'"nodeEligible": false' in here.proxier.health.answer("/healthz").body
    assert here.proxier.health.answer("/livez").status == 200
    assert here.metric("proxy_healthz_total", code="503") == 2
    assert here.metric("proxy_livez_total", code="200") == 1


async def test_a_load_balancer_is_told_how_many_ready_endpoints_are_here(here: Node) -> None:
    port = await free_port()
    local = service(
        "web",
        "10.96.0.10",
        type="LoadBalancer",
        externalTrafficPolicy="Local",
        healthCheckNodePort=port,
        nodePort=30080,
    )
    here.proxier.node_changed(node("127.0.0.1"))
    ending = endpoint("10.244.1.6", ready=False, terminating=True)
    await synced(here, local, slice_("web", endpoint("10.244.1.5"), ending, endpoint("10.244.2.5", THERE)))
    status, headers, _ = await listening(port)
    assert (status, headers["X-Load-Balancing-Endpoint-Weight"]) == (200, "1")
    here.see(slice_("web", ending, endpoint("10.244.2.5", THERE)))
    await here.settled()
    assert (await listening(port))[0] == 503
    here.see(service("web", "10.96.0.10"))
    await here.settled()
    await asyncio.sleep(0)
    with pytest.raises(ConnectionRefusedError):
        await ask(port)


async def test_metrics_and_health_are_served() -> None:
    metrics_port, healthz_port = await free_port(), await free_port()
    config = ProxyConfig(HERE, RANGES, metrics_port=metrics_port, healthz_port=healthz_port)
    running = asyncio.create_task(Proxier(FakeNft(), FakeConntrack(), config).run())
    assert b"kubeproxy_sync_proxy_rules_duration_seconds" in (await listening(metrics_port, "/metrics"))[2]
    assert (await listening(metrics_port, "/"))[0] == 404
    assert (await listening(healthz_port, "/healthz"))[0] == 200
    running.cancel()
    await asyncio.wait([running])
    with pytest.raises(ConnectionRefusedError):
        await ask(healthz_port)


async def test_ports_that_are_taken_stop_nobody() -> None:
    squatter = await serve(lambda path: Answer(200, "text/plain", b""), ["127.0.0.1"], 0)
    port = squatter.sockets[0].getsockname()[1]
    proxier = Proxier(FakeNft(), FakeConntrack(), ProxyConfig(HERE, RANGES, metrics_port=port, healthz_port=port))
    running = asyncio.create_task(proxier.run())
    proxier.synced()
    async with asyncio.timeout(5):
        while not proxier.is_current:  # noqa: ASYNC110  # what is waited for has no event
            await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    squatter.close()

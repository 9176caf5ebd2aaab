"""The cluster's DNS in a running control plane: there, and again when it was deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from apiserver.controllers.addons import dns
from apiserver.controllers.settings import ClusterDns
from protos import kinds
from protos.kubernetes import core_pb2, meta_pb2
from tests.unit.controllers.conftest import Cluster

SETTINGS = ClusterDns(2, "10.96.0.10", "cluster.local")


@pytest.fixture
async def with_dns() -> AsyncIterator[Cluster]:
    found = Cluster()
    found.settings = replace(found.settings, dns=SETTINGS)
    async with found.running():
        yield found


async def servers(cluster: Cluster) -> dict[str, str]:
    """The nodes of the DNS pods by name, without those about to end."""
    pods = (await cluster.client.list(kinds.PODS, dns.NAMESPACE)).items
    return {pod.metadata.name: pod.spec.nodeName for pod in pods if not dns.is_leaving(pod)}


async def test_the_service_is_there_at_once_and_servers_come_with_nodes(with_dns: Cluster) -> None:
    service = await with_dns.client.get(kinds.SERVICES, dns.NAME, dns.NAMESPACE)
    assert service.spec.clusterIP == "10.96.0.10"
    assert await servers(with_dns) == {}
    await with_dns.add_node("node-1")
    await with_dns.settle()
    assert await servers(with_dns) == {"kube-dns-1": "node-1"}
    for name in ("node-2", "node-3"):
        await with_dns.add_node(name)
    await with_dns.settle()
    assert await servers(with_dns) == {"kube-dns-1": "node-1", "kube-dns-2": "node-2"}


async def test_what_is_deleted_comes_back(with_dns: Cluster) -> None:
    for name in ("node-1", "node-2", "node-3"):
        await with_dns.add_node(name)
    await with_dns.settle()
    await with_dns.client.delete(kinds.PODS, "kube-dns-1", dns.NAMESPACE)  # it stays until its node has ended it
    await with_dns.client.delete(kinds.SERVICES, dns.NAME, dns.NAMESPACE)
    await with_dns.settle()
    assert set(await servers(with_dns)) == {"kube-dns-2", "kube-dns-3"}
    assert (await with_dns.client.get(kinds.SERVICES, dns.NAME, dns.NAMESPACE)).spec.clusterIP == "10.96.0.10"
    await with_dns.client.delete(kinds.PODS, "kube-dns-2", dns.NAMESPACE, grace_period=0)
    await with_dns.settle()
    assert set(await servers(with_dns)) == {"kube-dns-2", "kube-dns-3"}


async def test_one_node_has_one_server(with_dns: Cluster) -> None:
    for name in ("node-1", "node-2"):
        await with_dns.add_node(name)
    await with_dns.settle()
    await with_dns.client.delete(kinds.NODES, "node-2")
    await with_dns.settle()
    assert len(await servers(with_dns)) == 1


async def test_without_the_setting_there_is_nothing(cluster: Cluster) -> None:
    await cluster.add_node("node-1")
    await cluster.settle()
    assert not (await cluster.client.list(kinds.PODS, dns.NAMESPACE)).items


def pod(name: str, *, phase: str = "Running", created: int = 0) -> core_pb2.Pod:
    made = core_pb2.Pod(metadata=meta_pb2.ObjectMeta(name=name))
    made.metadata.creationTimestamp.seconds = created
    made.status.phase = phase
    return made


def test_names_of_leaving_pods_are_not_used_again() -> None:
    assert dns.missing([], 2) == ["kube-dns-1", "kube-dns-2"]
    assert dns.missing([pod("kube-dns-1", phase="Failed"), pod("kube-dns-3")], 2) == ["kube-dns-2"]
    assert dns.missing([pod("kube-dns-1"), pod("kube-dns-2")], 1) == []


def test_the_ended_and_the_youngest_are_too_many() -> None:
    pods = [pod("kube-dns-2", created=1), pod("kube-dns-1", created=2), pod("kube-dns-3", phase="Failed")]
    assert [one.metadata.name for one in dns.surplus(pods, 1)] == ["kube-dns-3", "kube-dns-1"]

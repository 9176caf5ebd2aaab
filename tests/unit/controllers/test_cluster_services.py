"""Services, pods and their endpoints in a running control plane."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING

import pytest

from protos import kinds
from protos.kubernetes import core_pb2, meta_pb2
from svclab.client import errors

if TYPE_CHECKING:
    from tests.unit.controllers.conftest import Cluster

MANAGED_BY = "endpointslice.kubernetes.io/managed-by"


async def test_a_service_over_running_pods_has_its_slice_at_once_and_no_write_is_wasted(cluster: Cluster) -> None:
    await cluster.add_node("node-1")
    await cluster.run_pod("a", "10.244.0.5", app="web")
    await cluster.run_pod("b", "10.244.0.6", app="other")
    await cluster.settle()
    before = cluster.store.revision
    service = await cluster.add_service("web", app="web")
    await cluster.settle()
    (slice,) = await cluster.slices("web")
    assert await cluster.ready_addresses("web") == {"10.244.0.5"}
    assert slice.metadata.generateName == "web-"
    assert slice.metadata.labels == {
        "kubernetes.io/service-name": "web",
        MANAGED_BY: "endpointslice-controller.k8s.io",
    }
    (owner,) = slice.metadata.ownerReferences
    assert (owner.apiVersion, owner.kind, owner.name, owner.uid) == ("v1", "Service", "web", service.metadata.uid)
    assert owner.controller
    assert owner.blockOwnerDeletion
    assert [(port.name, port.protocol, port.port) for port in slice.ports] == [("http", "TCP", 80)]
    assert cluster.store.revision == before + 2  # the Service and its slice


async def test_endpoints_follow_pods(cluster: Cluster) -> None:
    await cluster.add_node("node-1")
    await cluster.add_service("web", app="web")
    await cluster.settle()
    (empty,) = await cluster.slices("web")
    assert (len(empty.endpoints), len(empty.ports)) == (0, 0)

    await cluster.run_pod("a", "10.244.0.5", app="web")
    await cluster.settle()
    assert await cluster.ready_addresses("web") == {"10.244.0.5"}

    await cluster.start_pod("a", "10.244.0.5", ready=False)
    await cluster.settle()
    assert await cluster.ready_addresses("web") == set()

    await cluster.start_pod("a", "10.244.0.5")
    await cluster.client.delete(kinds.PODS, "a", "default")
    await cluster.settle()
    ((terminating,),) = [slice.endpoints for slice in await cluster.slices("web")]
    assert (terminating.conditions.ready, terminating.conditions.serving, terminating.conditions.terminating) == (
        False,
        True,
        True,
    )

    await cluster.client.delete(kinds.PODS, "a", "default", grace_period=0)
    await cluster.settle()
    assert [len(slice.endpoints) for slice in await cluster.slices("web")] == [0]


async def test_a_relabelled_pod_changes_service(cluster: Cluster) -> None:
    await cluster.add_node("node-1")
    await cluster.run_pod("a", "10.244.0.5", app="blue")
    await cluster.add_service("blue", app="blue")
    await cluster.add_service("green", app="green")
    await cluster.settle()
    await cluster.client.patch(kinds.PODS, "a", "default", {"metadata": {"labels": {"app": "green"}}})
    await cluster.settle()
    assert (await cluster.ready_addresses("blue"), await cluster.ready_addresses("green")) == (set(), {"10.244.0.5"})


async def test_a_selector_change_moves_the_service(cluster: Cluster) -> None:
    await cluster.add_node("node-1")
    await cluster.run_pod("a", "10.244.0.5", app="web", version="1")
    await cluster.run_pod("b", "10.244.0.6", app="web", version="2")
    await cluster.add_service("web", app="web", version="1")
    await cluster.settle()
    await cluster.client.patch(kinds.SERVICES, "web", "default", {"spec": {"selector": {"version": "2"}}})
    await cluster.settle()
    assert await cluster.ready_addresses("web") == {"10.244.0.6"}


async def test_the_endpoints_of_a_node_come_and_go_with_it(cluster: Cluster) -> None:
    await cluster.add_service("web", app="web")
    await cluster.run_pod("a", "10.244.0.5", app="web")
    await cluster.settle()
    assert await cluster.ready_addresses("web") == set()
    await cluster.add_node("node-1")
    await cluster.settle()
    assert await cluster.ready_addresses("web") == {"10.244.0.5"}
    await cluster.client.delete(kinds.NODES, "node-1")
    await cluster.settle()
    assert await cluster.ready_addresses("web") == set()


async def test_a_foreign_or_broken_slice_is_left_alone_or_mended(cluster: Cluster) -> None:
    await cluster.add_node("node-1")
    await cluster.run_pod("a", "10.244.0.5", app="web")
    await cluster.add_service("web", app="web")
    await cluster.settle()
    (slice,) = await cluster.slices("web")
    await cluster.client.delete(kinds.ENDPOINT_SLICES, slice.metadata.name, "default")
    await cluster.settle()
    (mended,) = await cluster.slices("web")
    del mended.endpoints[:]
    await cluster.client.update(mended)
    mended.metadata.Clear()
    mended.metadata.name, mended.metadata.namespace = "foreign", "default"
    mended.metadata.labels["kubernetes.io/service-name"] = "web"
    await cluster.client.create(mended)
    await cluster.settle()
    assert await cluster.ready_addresses("web") == {"10.244.0.5"}
    assert len(await cluster.slices("web")) == 2


async def test_slices_go_with_their_service(cluster: Cluster) -> None:
    await cluster.add_service("web", app="web")
    await cluster.settle(1)
    assert await cluster.names(kinds.ENDPOINTS) == {"web"}
    await cluster.client.delete(kinds.SERVICES, "web", "default")
    await cluster.settle(1)
    assert await cluster.slices("web") == []
    assert await cluster.names(kinds.ENDPOINTS) == set()


@pytest.mark.parametrize("seed", range(4))
async def test_any_order_of_events_ends_in_the_same_endpoints(cluster: Cluster, seed: int) -> None:
    chance = random.Random(seed)
    steps = [cluster.add_node("node-1"), cluster.add_service("web", app="web"), cluster.add_service("all", tier="x")]
    steps += [cluster.run_pod(f"p{n}", f"10.244.0.{n + 1}", app="web" if n % 2 else "api", tier="x") for n in range(8)]
    chance.shuffle(steps)
    for step in steps:
        await step
        if chance.random() < 0.4:
            await cluster.settle()
    for number in chance.sample(range(8), 3):
        await cluster.client.delete(kinds.PODS, f"p{number}", "default", grace_period=0)
    left = await cluster.pods()
    await cluster.settle()
    expected = {pod.status.podIP for pod in left.values()}
    web = {pod.status.podIP for pod in left.values() if pod.metadata.labels["app"] == "web"}
    assert (await cluster.ready_addresses("all"), await cluster.ready_addresses("web")) == (expected, web)
    assert len(await cluster.slices("all")) == len(await cluster.slices("web")) == 1


async def test_the_endpoints_object_follows_within_a_moment(cluster: Cluster) -> None:
    await cluster.add_node("node-1")
    await cluster.run_pod("a", "10.244.0.5", app="web")
    await cluster.run_pod("b", "10.244.0.6", app="web")
    await cluster.start_pod("b", "10.244.0.6", ready=False)
    await cluster.add_service("web", app="web")
    await cluster.settle(1)
    endpoints = await cluster.client.get(kinds.ENDPOINTS, "web", "default")
    (subset,) = endpoints.subsets
    assert [address.ip for address in subset.addresses] == ["10.244.0.5"]
    assert [address.ip for address in subset.notReadyAddresses] == ["10.244.0.6"]
    assert [(port.name, port.port, port.protocol) for port in subset.ports] == [("http", 80, "TCP")]


def external(*addresses: str) -> core_pb2.Endpoints:
    endpoints = core_pb2.Endpoints(metadata=meta_pb2.ObjectMeta(name="db", namespace="default", labels={"team": "a"}))
    subset = endpoints.subsets.add()
    for address in addresses:
        subset.addresses.add(ip=address)
    subset.ports.add(name="http", port=5432, protocol="TCP")
    return endpoints


async def test_endpoints_of_a_service_without_selector_are_mirrored(cluster: Cluster) -> None:
    await cluster.client.create(external("192.0.2.1", "192.0.2.2"))
    await cluster.add_service("db")
    await cluster.settle(1)
    (slice,) = await cluster.slices("db")
    assert slice.metadata.labels[MANAGED_BY] == "endpointslicemirroring-controller.k8s.io"
    assert slice.metadata.labels["team"] == "a"
    assert await cluster.ready_addresses("db") == {"192.0.2.1", "192.0.2.2"}

    await cluster.client.update(external("192.0.2.003"))  # Endpoints may be written so, slices may not
    await cluster.settle(1)
    assert await cluster.ready_addresses("db") == {"192.0.2.3"}

    opted_out = external("192.0.2.3")
    opted_out.metadata.labels["endpointslice.kubernetes.io/skip-mirror"] = "true"
    await cluster.client.update(opted_out)
    await cluster.settle(1)
    assert await cluster.slices("db") == []


async def test_endpoints_of_more_than_1000_addresses_are_mirrored_in_part(cluster: Cluster) -> None:
    await cluster.client.create(external(*(f"192.0.{number >> 8}.{number & 255}" for number in range(256, 1259))))
    await cluster.add_service("db")
    await cluster.settle(2)
    assert len(await cluster.ready_addresses("db")) == 1000
    (event,) = (await cluster.client.list(kinds.EVENTS)).items
    assert (event.reason, event.involvedObject.kind, event.source.component) == (
        "TooManyAddressesToMirror",
        "Endpoints",
        "endpoint-slice-mirroring-controller",
    )
    text = "A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 3 addresses were skipped"
    assert event.message == text


async def test_a_namespace_ends_with_everything_in_it(cluster: Cluster) -> None:
    await cluster.add_node("node-1")
    await cluster.client.create(core_pb2.Namespace(metadata=meta_pb2.ObjectMeta(name="shop")))
    for number in range(3):
        service = core_pb2.Service(metadata=meta_pb2.ObjectMeta(name=f"web-{number}", namespace="shop"))
        service.spec.selector["app"] = "web"
        service.spec.ports.add(port=80)
        await cluster.client.create(service)
    await cluster.settle(1)
    await cluster.client.delete(kinds.NAMESPACES, "shop")
    await cluster.settle(3)
    with pytest.raises(errors.NotFound):
        await cluster.client.get(kinds.NAMESPACES, "shop")
    left = [(await cluster.client.list(kind, "shop")).items for kind in kinds.KINDS if kind.namespaced]
    assert [*itertools.chain(*left)] == []

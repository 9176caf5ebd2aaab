"""What Services can ask of their slices, in a running control plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protos import kinds
from protos.kubernetes import core_pb2, meta_pb2

if TYPE_CHECKING:
    from tests.unit.controllers.conftest import Cluster


def service(name: str = "web", **spec: object) -> core_pb2.Service:
    found = core_pb2.Service(
        metadata=meta_pb2.ObjectMeta(name=name, namespace="default"),
        spec=core_pb2.ServiceSpec(selector={"app": "web"}, **spec),  # type: ignore[arg-type]
    )
    if not found.spec.ports and found.spec.clusterIP != "None":
        found.spec.ports.add(name="http", port=80)
    return found


async def test_a_headless_service_without_ports(cluster: Cluster) -> None:
    await cluster.add_node("node-1")
    await cluster.run_pod("a", "10.244.0.5", app="web")
    await cluster.client.create(service(clusterIP="None"))
    await cluster.settle()
    (slice,) = await cluster.slices("web")
    assert slice.metadata.labels["service.kubernetes.io/headless"] == ""
    assert (len(slice.ports), await cluster.ready_addresses("web")) == (0, {"10.244.0.5"})


async def test_a_service_may_have_more_ports_than_a_slice_is_said_to(cluster: Cluster) -> None:
    await cluster.add_node("node-1")
    await cluster.run_pod("a", "10.244.0.5", app="web")
    many = service()
    for number in range(1000, 1150):
        many.spec.ports.add(name=f"p{number}", port=number)
    await cluster.client.create(many)
    await cluster.settle()
    (slice,) = await cluster.slices("web")
    assert len(slice.ports) == 151


async def test_not_ready_addresses_are_published_where_asked_for(cluster: Cluster) -> None:
    await cluster.add_node("node-1")
    await cluster.add_pod("a", "node-1", app="web")
    await cluster.start_pod("a", "10.244.0.5", ready=False)
    await cluster.client.create(service("plain"))
    await cluster.client.create(service("eager", publishNotReadyAddresses=True))
    await cluster.settle()
    assert await cluster.ready_addresses("plain") == set()
    assert await cluster.ready_addresses("eager") == {"10.244.0.5"}


async def test_named_ports_that_differ_between_pods_make_two_slices(cluster: Cluster) -> None:
    await cluster.add_node("node-1")
    for name, port in (("a", 8080), ("b", 9090)):
        pod = core_pb2.Pod(metadata=meta_pb2.ObjectMeta(name=name, namespace="default", labels={"app": "web"}))
        pod.spec.nodeName = "node-1"
        pod.spec.containers.add(name="main", image="echo").ports.add(name="web", containerPort=port)
        await cluster.client.create(pod)
        await cluster.start_pod(name, f"10.244.0.{port // 1000}")
    named = service()
    named.spec.ports[0].targetPort.CopyFrom(meta_pb2.IntOrString(type=1, strVal="web"))
    await cluster.client.create(named)
    await cluster.settle()
    found = {slice.ports[0].port: slice.endpoints[0].addresses[0] for slice in await cluster.slices("web")}
    assert found == {8080: "10.244.0.8", 9090: "10.244.0.9"}


async def test_hints_come_and_go_with_the_distribution(cluster: Cluster) -> None:
    await cluster.add_node("node-1", **{"topology.kubernetes.io/zone": "a"})
    await cluster.run_pod("a", "10.244.0.5", app="web")
    await cluster.client.create(service(trafficDistribution="PreferClose"))
    await cluster.settle()
    ((endpoint,),) = [slice.endpoints for slice in await cluster.slices("web")]
    assert (endpoint.zone, [zone.name for zone in endpoint.hints.forZones]) == ("a", ["a"])
    await cluster.client.patch(kinds.SERVICES, "web", "default", {"spec": {"trafficDistribution": None}})
    await cluster.settle()
    ((endpoint,),) = [slice.endpoints for slice in await cluster.slices("web")]
    assert not endpoint.HasField("hints")


async def test_a_node_that_moves_to_another_zone_takes_its_endpoints_along(cluster: Cluster) -> None:
    await cluster.add_node("node-1", **{"topology.kubernetes.io/zone": "a"})
    await cluster.run_pod("a", "10.244.0.5", app="web")
    await cluster.client.create(service())
    await cluster.settle()
    labels = {"topology.kubernetes.io/zone": "b"}
    await cluster.client.patch(kinds.NODES, "node-1", "", {"metadata": {"labels": labels}})
    await cluster.settle()
    ((endpoint,),) = [slice.endpoints for slice in await cluster.slices("web")]
    assert endpoint.zone == "b"


async def test_auto_says_whether_it_could(cluster: Cluster) -> None:
    for number, zone in enumerate("ab"):
        node = core_pb2.Node(metadata=meta_pb2.ObjectMeta(name=f"node-{number}"))
        node.metadata.labels["topology.kubernetes.io/zone"] = zone
        node.status.conditions.add(type="Ready", status="True")
        node.status.allocatable["cpu"].string = "2"
        await cluster.client.create(node)
    auto = service()
    auto.metadata.annotations["service.kubernetes.io/topology-mode"] = "Auto"
    await cluster.client.create(auto)
    await cluster.settle()
    (event,) = await cluster.events("TopologyAwareHintsDisabled")
    assert event.message == "Insufficient number of endpoints (0 endpoints, 2 zones), addressType: IPv4"
    for number in range(4):
        await cluster.run_pod(f"p{number}", f"10.244.0.{number + 1}", f"node-{number % 2}", app="web")
    await cluster.settle()
    (event,) = await cluster.events("TopologyAwareHintsEnabled")
    assert event.message == "Topology Aware Hints has been enabled, addressType: IPv4"
    endpoints = [endpoint for slice in await cluster.slices("web") for endpoint in slice.endpoints]
    assert sorted(endpoint.hints.forZones[0].name for endpoint in endpoints) == ["a", "a", "b", "b"]


async def test_101_pods_make_two_slices_and_one_less_is_one_write(cluster: Cluster) -> None:
    await cluster.add_node("node-1")
    for number in range(101):
        await cluster.run_pod(f"p{number:03}", f"10.244.0.{number + 1}", app="web")
    await cluster.client.create(service())
    await cluster.settle(1)
    assert sorted(len(slice.endpoints) for slice in await cluster.slices("web")) == [1, 100]
    before = {slice.metadata.name: slice.metadata.resourceVersion for slice in await cluster.slices("web")}
    await cluster.client.delete(kinds.PODS, "p000", "default", grace_period=0)
    await cluster.settle()
    after = {slice.metadata.name: slice.metadata.resourceVersion for slice in await cluster.slices("web")}
    assert (before.keys(), sum(before[name] != after[name] for name in before)) == (after.keys(), 1)

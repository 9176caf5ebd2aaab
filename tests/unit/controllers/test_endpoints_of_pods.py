"""From pods to endpoints: who is one, with which conditions and ports."""

import pytest

from apiserver.controllers.endpointslice.endpoints import Port, desired_endpoints, endpoint_ports
from apiserver.controllers.endpointslice.trigger_time import TriggerTimes
from protos.kubernetes import core_pb2, discovery_pb2, meta_pb2
from svclab.client import Key

NODES = {"node-1": core_pb2.Node(metadata=meta_pb2.ObjectMeta(labels={"topology.kubernetes.io/zone": "a"}))}


def service(*families: str, not_ready_too: bool = False) -> core_pb2.Service:
    found = core_pb2.Service(
        metadata=meta_pb2.ObjectMeta(name="web", namespace="ns"),
        spec=core_pb2.ServiceSpec(
            selector={"app": "web"}, ipFamilies=families or ["IPv4"], publishNotReadyAddresses=not_ready_too
        ),
    )
    found.spec.ports.add(name="http", protocol="TCP", port=80, targetPort=meta_pb2.IntOrString(intVal=8080))
    return found


def pod(
    name: str = "a",
    *addresses: str,
    ready: bool = True,
    phase: str = "Running",
    node: str = "node-1",
    ends: bool = False,
) -> core_pb2.Pod:
    found = core_pb2.Pod(metadata=meta_pb2.ObjectMeta(name=name, namespace="ns", uid=f"uid-{name}"))
    found.spec.nodeName = node
    found.status.phase = phase
    for address in addresses or ("10.244.0.5",):
        found.status.podIPs.add(ip=address)
    found.status.conditions.add(type="Ready", status=str(ready))
    if ends:
        found.metadata.deletionTimestamp.seconds = 1
    return found


def only_endpoint(service: core_pb2.Service, *pods: core_pb2.Pod) -> discovery_pb2.Endpoint:
    ((endpoint,),) = (group.values() for group in desired_endpoints(service, pods, NODES).values())
    return endpoint


@pytest.mark.parametrize(
    ("ready", "ends", "publish", "conditions"),
    [
        (True, False, False, (True, True, False)),
        (False, False, False, (False, False, False)),
        (True, True, False, (False, True, True)),
        (False, True, False, (False, False, True)),
        (False, False, True, (True, False, False)),
        (True, True, True, (True, True, True)),
    ],
)
def test_conditions(ready: bool, ends: bool, publish: bool, conditions: tuple[bool, bool, bool]) -> None:
    found = only_endpoint(service(not_ready_too=publish), pod(ready=ready, ends=ends)).conditions
    assert (found.ready, found.serving, found.terminating) == conditions
    assert found.HasField("ready")
    assert found.HasField("serving")
    assert found.HasField("terminating")


def test_an_endpoint_says_where_and_what_it_is() -> None:
    endpoint = only_endpoint(service(), pod())
    assert [*endpoint.addresses] == ["10.244.0.5"]
    assert (endpoint.nodeName, endpoint.zone) == ("node-1", "a")
    assert endpoint.targetRef == core_pb2.ObjectReference(kind="Pod", namespace="ns", name="a", uid="uid-a")


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_has_ended_is_none_even_when_not_ready_ones_are_published(phase: str) -> None:
    assert desired_endpoints(service(not_ready_too=True), [pod(phase=phase)], NODES) == {}


def test_a_pod_without_an_address_is_none() -> None:
    bare = pod()
    del bare.status.podIPs[:]
    assert desired_endpoints(service(), [bare], NODES) == {}


def test_a_pod_of_an_unknown_node_is_none_unless_not_ready_ones_are_published() -> None:
    stranger = pod(node="node-9")
    assert desired_endpoints(service(), [stranger], NODES) == {}
    assert only_endpoint(service(not_ready_too=True), stranger).zone == ""


def test_each_family_has_its_own_endpoints() -> None:
    both = pod("a", "10.244.0.5", "fd00::5")
    found = desired_endpoints(service("IPv4", "IPv6"), [both], NODES)
    assert {group.address_type: [key.address for key in group_] for group, group_ in found.items()} == {
        "IPv4": ["10.244.0.5"],
        "IPv6": ["fd00::5"],
    }
    assert [group.address_type for group in desired_endpoints(service("IPv6"), [both], NODES)] == ["IPv6"]


def test_the_hostname_counts_only_under_the_services_name() -> None:
    named = pod()
    named.spec.hostname, named.spec.subdomain = "db-0", "other"
    assert only_endpoint(service(), named).hostname == ""
    named.spec.subdomain = "web"
    assert only_endpoint(service(), named).hostname == "db-0"


def test_a_named_target_port_is_looked_up_in_each_pod_by_name_and_protocol() -> None:
    web = service()
    web.spec.ports[0].targetPort.CopyFrom(meta_pb2.IntOrString(type=1, strVal="http"))
    first, second, without = pod("a", "10.244.0.1"), pod("b", "10.244.0.2"), pod("c", "10.244.0.3")
    first.spec.containers.add().ports.add(name="http", containerPort=8080, protocol="TCP")
    second.spec.containers.add().ports.add(name="http", containerPort=9090, protocol="TCP")
    without.spec.containers.add().ports.add(name="http", containerPort=1, protocol="UDP")
    found = desired_endpoints(web, [first, second, without], NODES)
    ports = {tuple(port.port for port in group.ports): len(endpoints) for group, endpoints in found.items()}
    assert ports == {(8080,): 1, (9090,): 1, (): 1}


def test_a_named_port_of_a_sidecar_counts_and_of_an_init_container_does_not() -> None:
    web = service()
    web.spec.ports[0].targetPort.CopyFrom(meta_pb2.IntOrString(type=1, strVal="http"))
    web.spec.ports[0].appProtocol = "http"
    there = pod()
    there.spec.initContainers.add(name="init").ports.add(name="http", containerPort=1, protocol="TCP")
    assert [*endpoint_ports(web, there)] == []
    there.spec.initContainers.add(name="sidecar", restartPolicy="Always").ports.add(name="http", containerPort=2)
    assert [*endpoint_ports(web, there)] == [Port("http", "TCP", 2, "http")]


def test_a_headless_service_without_ports_has_endpoints_without_ports() -> None:
    headless = service()
    del headless.spec.ports[:]
    (group,) = desired_endpoints(headless, [pod()], NODES)
    assert group.ports == frozenset()


def test_the_trigger_time_is_the_services_birth_then_the_earliest_new_transition() -> None:
    times, web, key = TriggerTimes(), service(), Key("ns", "web")
    web.metadata.creationTimestamp.seconds = 1_700_000_000
    first, second = pod("a"), pod("b")
    assert times.newest_change(key, web, [first, second]) == "2023-11-14T22:13:20Z"
    assert times.newest_change(key, web, [first, second]) == ""
    first.status.conditions[0].lastTransitionTime.seconds = 1_700_000_010
    second.status.conditions[0].lastTransitionTime.seconds = 1_700_000_005
    assert times.newest_change(key, web, [first, second]) == "2023-11-14T22:13:25Z"
    assert times.newest_change(key, web, [first]) == ""
    times.forget(key)
    assert times.newest_change(key, web, [first]) == "2023-11-14T22:13:20Z"

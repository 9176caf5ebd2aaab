"""Changes of a Service: what is carried over, what a change of type drops and gives back, and what is refused."""
# ruff: noqa: E501  (messages stand in one piece, so that they can be searched for)

import json
from typing import Any

import pytest

from apiserver.registry import Patch
from apiserver.registry.errors import InternalError, Invalid
from protos.api_pb2 import PatchType
from protos.kinds import ENDPOINTS, SERVICES
from protos.kubernetes.core_pb2 import Service
from tests.unit.registry.harness import Cluster, decode, message, run

PORTS = "ports: [{name: a, port: 80}, {name: b, port: 443}]"
LOCAL = f"{{type: LoadBalancer, externalTrafficPolicy: Local, {PORTS}}}"


def node_ports(service: Service) -> list[int]:
    return [port.nodePort for port in service.spec.ports]


def change_type(cluster: Cluster, name: str) -> Service:
    """Get, modify, put, as a careful client does it."""
    service = cluster.get(SERVICES, "web")
    service.spec.type = name
    changed: Service = cluster.update(SERVICES, service)
    return changed


def test_manifest_without_allocated_values_keeps_them(cluster: Cluster) -> None:
    before = cluster.service(LOCAL)
    after = cluster.replace(LOCAL)
    assert after.spec == before.spec
    assert after.metadata == before.metadata


def test_node_ports_are_carried_by_port_name(cluster: Cluster) -> None:
    before = cluster.service(f"{{type: NodePort, {PORTS}}}")
    after = cluster.replace("{type: NodePort, ports: [{name: b, port: 8443}, {name: c, port: 80}]}")
    assert node_ports(after)[0] == node_ports(before)[1]
    assert node_ports(after)[1] not in (0, node_ports(after)[0])


def test_a_carried_node_port_does_not_collide_with_one_asked_for(cluster: Cluster) -> None:
    cluster.service("{type: NodePort, ports: [{name: a, port: 1, nodePort: 30100}]}")
    after = cluster.replace("{type: NodePort, ports: [{name: a, port: 1}, {name: b, port: 2, nodePort: 30100}]}")
    assert node_ports(after)[1] == 30100
    assert node_ports(after)[0] not in (0, 30100)


def test_cluster_ip_to_node_port_and_back(cluster: Cluster) -> None:
    before = cluster.service(PORTS.join("{}"))
    exposed = change_type(cluster, "NodePort")
    assert exposed.spec.clusterIP == before.spec.clusterIP
    assert exposed.spec.externalTrafficPolicy == "Cluster"
    assert all(port in range(30086, 32768) for port in node_ports(exposed))
    hidden = change_type(cluster, "ClusterIP")
    assert hidden.spec == before.spec
    assert set(cluster.allocations()) == {"10.96.0.1", before.spec.clusterIP}


def test_load_balancer_to_cluster_ip_drops_what_belonged_to_it(cluster: Cluster) -> None:
    before = cluster.service(f"{{type: LoadBalancer, externalTrafficPolicy: Local, loadBalancerClass: a.b/c, {PORTS}}}")
    before.status.loadBalancer.ingress.add(ip="192.0.2.1")
    published = cluster.update_status(SERVICES, before)
    assert published.status.loadBalancer.ingress[0].ipMode == "VIP"
    after = change_type(cluster, "ClusterIP")
    assert node_ports(after) == [0, 0]
    assert after.spec.healthCheckNodePort == 0
    assert after.spec.externalTrafficPolicy == ""
    assert not after.spec.HasField("allocateLoadBalancerNodePorts")
    assert not after.spec.HasField("loadBalancerClass")
    assert not after.status.loadBalancer.ingress
    assert set(cluster.allocations()) == {"10.96.0.1", before.spec.clusterIP}


def test_load_balancer_to_node_port_keeps_the_node_ports(cluster: Cluster) -> None:
    before = cluster.service(LOCAL)
    after = change_type(cluster, "NodePort")
    assert node_ports(after) == node_ports(before)
    assert after.spec.healthCheckNodePort == 0
    assert after.spec.externalTrafficPolicy == "Local"
    assert str(before.spec.healthCheckNodePort) not in cluster.allocations()


def test_node_port_to_load_balancer_gets_its_defaults(cluster: Cluster) -> None:
    before = cluster.service(f"{{type: NodePort, externalTrafficPolicy: Local, {PORTS}}}")
    after = change_type(cluster, "LoadBalancer")
    assert node_ports(after) == node_ports(before)
    assert after.spec.allocateLoadBalancerNodePorts
    assert cluster.allocations()[str(after.spec.healthCheckNodePort)] == "/registry/services/default/web"


def test_external_policy_stays_while_external_addresses_do(cluster: Cluster) -> None:
    cluster.service(f"{{type: NodePort, externalTrafficPolicy: Local, externalIPs: [192.0.2.1], {PORTS}}}")
    assert change_type(cluster, "ClusterIP").spec.externalTrafficPolicy == "Local"


def test_local_to_cluster_gives_the_health_check_port_back(cluster: Cluster) -> None:
    before = cluster.service(LOCAL)
    after = cluster.patch(SERVICES, "web", {"spec": {"externalTrafficPolicy": "Cluster"}})
    assert after.spec.healthCheckNodePort == 0
    assert str(before.spec.healthCheckNodePort) not in cluster.allocations()


def test_external_name_gives_everything_back_and_may_return(cluster: Cluster) -> None:
    cluster.service(LOCAL)
    after = cluster.patch(SERVICES, "web", {"spec": {"type": "ExternalName", "externalName": "example.com"}})
    spec = after.spec
    assert (spec.clusterIP, list(spec.clusterIPs), list(spec.ipFamilies), spec.HasField("ipFamilyPolicy")) == (
        "",
        [],
        [],
        False,
    )
    assert not spec.HasField("internalTrafficPolicy")
    assert node_ports(after) == [0, 0]
    assert set(cluster.allocations()) == {"10.96.0.1"}
    back = cluster.patch(SERVICES, "web", {"spec": {"type": "ClusterIP"}})
    assert set(cluster.allocations()) == {"10.96.0.1", back.spec.clusterIP}
    assert (list(back.spec.ipFamilies), back.spec.ipFamilyPolicy) == (["IPv4"], "SingleStack")


def test_leaving_load_balancer_with_source_ranges_is_refused(cluster: Cluster) -> None:
    cluster.service(f"{{type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.0/8], {PORTS}}}")
    with pytest.raises(Invalid, match="spec.LoadBalancerSourceRanges: Forbidden"):
        change_type(cluster, "NodePort")


def test_a_new_node_port_with_the_change_to_cluster_ip_is_refused(cluster: Cluster) -> None:
    service = cluster.service(f"{{type: NodePort, {PORTS}}}")
    service.spec.type = "ClusterIP"
    service.spec.ports[0].nodePort = 30999
    with pytest.raises(Invalid, match="may not be used when `type` is 'ClusterIP'"):
        cluster.update(SERVICES, service)


def test_no_node_ports_for_a_load_balancer_that_wants_none(cluster: Cluster) -> None:
    spec = "{{type: LoadBalancer, allocateLoadBalancerNodePorts: {}, ports: [{{name: a, port: 80{}}}, {{name: b, port: 81}}]}}"
    service = cluster.service(spec.format("false", ", nodePort: 30100"))
    assert node_ports(service) == [30100, 0]
    assert "30100" in cluster.allocations()
    assert all(node_ports(cluster.replace(spec.format("true", ""))))
    assert all(node_ports(change_flag(cluster)))
    assert node_ports(cluster.replace(spec.format("false", ""))) == [0, 0]
    assert len(cluster.allocations()) == 2


def change_flag(cluster: Cluster) -> Service:
    patched: Service = cluster.patch(SERVICES, "web", {"spec": {"allocateLoadBalancerNodePorts": False}})
    return patched


OTHER = "10.96.0.77"
REFUSED = {
    "another address": (
        f"{{clusterIP: 10.96.0.7, {PORTS}}}",
        f"{{clusterIP: {OTHER}, {PORTS}}}",
        ['spec.clusterIPs[0]: Invalid value: ["10.96.0.77"]: may not change once set'],
    ),
    "an address of a headless Service": (
        f"{{clusterIP: None, selector: {{a: b}}, {PORTS}}}",
        f"{{clusterIP: {OTHER}, selector: {{a: b}}, {PORTS}}}",
        ['spec.clusterIPs[0]: Invalid value: ["10.96.0.77"]: may not change once set'],
    ),
    "headless": (
        f"{{clusterIP: 10.96.0.7, {PORTS}}}",
        f"{{clusterIP: None, {PORTS}}}",
        ['spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set'],
    ),
    "headless to NodePort": (
        f"{{clusterIP: None, {PORTS}}}",
        f"{{type: NodePort, {PORTS}}}",
        ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"],
    ),
    "another family": (
        f"{{{PORTS}}}",
        f"{{ipFamilies: [IPv6], {PORTS}}}",
        [
            "expected an IPv6 value as indicated by `ipFamilies[0]`",
            'spec.ipFamilies[0]: Invalid value: ["IPv6"]: may not change once set',
        ],
    ),
    "another class": (
        f"{{type: LoadBalancer, loadBalancerClass: a.b/c, {PORTS}}}",
        f"{{type: LoadBalancer, loadBalancerClass: a.b/d, {PORTS}}}",
        ['spec.loadBalancerClass: Invalid value: "a.b/d": may not change once set'],
    ),
    "a class for an old one": (
        f"{{type: LoadBalancer, {PORTS}}}",
        f"{{type: LoadBalancer, loadBalancerClass: a.b/d, {PORTS}}}",
        ['spec.loadBalancerClass: Invalid value: "a.b/d": may not change once set'],
    ),
    "another health check port": (
        LOCAL,
        LOCAL.replace("Local,", "Local, healthCheckNodePort: 30777,"),
        ["spec.healthCheckNodePort: Forbidden: field is immutable"],
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_change(cluster: Cluster, name: str) -> None:
    before, after, errors = REFUSED[name]
    cluster.service(before)
    taken = cluster.allocations()
    with pytest.raises(Invalid) as caught:
        cluster.replace(after)
    for error in errors:
        assert error in str(caught.value)
    assert len(caught.value.status.details.causes) == len(errors)
    assert cluster.allocations() == taken


def test_unsetting_the_address_field_alone_keeps_it(cluster: Cluster) -> None:
    before = cluster.service(PORTS.join("{}"))
    service = cluster.get(SERVICES, "web")
    service.spec.clusterIP = ""
    with pytest.raises(Invalid, match="primary clusterIP can not be unset"):
        cluster.update(SERVICES, service)
    assert cluster.get(SERVICES, "web").spec == before.spec


def test_upgrade_to_dual_stack_and_back(dual: Cluster) -> None:
    before = dual.service(PORTS.join("{}"))
    upgraded = dual.patch(SERVICES, "web", {"spec": {"ipFamilyPolicy": "PreferDualStack"}})
    assert list(upgraded.spec.ipFamilies) == ["IPv4", "IPv6"]
    assert upgraded.spec.clusterIPs[0] == before.spec.clusterIP
    assert upgraded.spec.clusterIPs[1].startswith("fd00:96::")
    assert set(dual.allocations()) == {"10.96.0.1", *upgraded.spec.clusterIPs}
    downgraded = dual.patch(SERVICES, "web", {"spec": {"ipFamilyPolicy": "SingleStack"}})
    assert downgraded.spec == before.spec
    assert set(dual.allocations()) == {"10.96.0.1", before.spec.clusterIP}


def test_a_headless_service_may_change_its_families(dual: Cluster) -> None:
    dual.service(f"{{clusterIP: None, selector: {{a: b}}, {PORTS}}}")
    changed = dual.patch(SERVICES, "web", {"spec": {"ipFamilies": ["IPv6"]}})
    assert list(changed.spec.ipFamilies) == ["IPv6"]
    both = dual.patch(SERVICES, "web", {"spec": {"ipFamilies": ["IPv4"], "ipFamilyPolicy": "PreferDualStack"}})
    assert list(both.spec.ipFamilies) == ["IPv4", "IPv6"]


def test_what_may_not_change_is_said_before_what_is_wrong(cluster: Cluster) -> None:
    cluster.service(f"{{clusterIP: 10.96.0.7, {PORTS}}}")
    with pytest.raises(Invalid) as caught:
        cluster.replace(f"{{clusterIP: {OTHER}, sessionAffinity: Foo, {PORTS}}}")
    assert [error.path for error in caught.value.errors] == ["spec.clusterIPs[0]", "spec.sessionAffinity"]


def test_second_family_is_released_by_single_stack_alone(dual: Cluster) -> None:
    service = dual.service(f"{{ipFamilyPolicy: RequireDualStack, {PORTS}}}")
    del service.spec.clusterIPs[1:]
    with pytest.raises(Invalid, match="must be 'SingleStack' to release the secondary cluster IP"):
        dual.update(SERVICES, service)
    service = dual.get(SERVICES, "web")
    del service.spec.ipFamilies[1:]
    with pytest.raises(Invalid, match="must be 'SingleStack' to release the secondary IP family"):
        dual.update(SERVICES, service)
    assert len(dual.allocations()) == 3


def test_second_address_may_be_chosen_but_not_changed(dual: Cluster) -> None:
    service = dual.service(PORTS.join("{}"))
    service.spec.ipFamilyPolicy = "PreferDualStack"
    service.spec.clusterIPs.append("fd00:96::77")
    chosen = dual.update(SERVICES, service)
    assert list(chosen.spec.clusterIPs)[1:] == ["fd00:96::77"]
    chosen.spec.clusterIPs[1] = "fd00:96::78"
    with pytest.raises(Invalid, match=r"spec.clusterIPs\[1\]: Invalid value: .*: may not change once set"):
        dual.update(SERVICES, chosen)


def test_requested_health_check_port_that_is_taken(cluster: Cluster) -> None:
    cluster.service("{type: NodePort, ports: [{port: 80, nodePort: 31000}]}", "other")
    text = "failed to allocate requested HealthCheck NodePort 31000: provided port is already allocated"
    with pytest.raises(InternalError, match=text):
        cluster.service(LOCAL.replace("Local,", "Local, healthCheckNodePort: 31000,"))


def test_a_manifest_as_kubectl_generates_it(cluster: Cluster) -> None:
    metadata = {"name": "web", "creationTimestamp": None}
    manifest = {"metadata": metadata, "spec": {"ports": [{"port": 80}]}, "status": {"loadBalancer": {}}}
    created = cluster.create(SERVICES, manifest)
    assert created.metadata.creationTimestamp.seconds == cluster.now
    metadata["namespace"] = "default"
    assert cluster.update(SERVICES, message(SERVICES, manifest)) == created


NULLS = [
    {"metadata": {"creationTimestamp": None, "uid": None, "resourceVersion": None}},
    {"metadata": {"creationTimestamp": None}, "status": {"loadBalancer": {}}},
    {"spec": {"type": None, "sessionAffinity": None, "internalTrafficPolicy": None, "ipFamilyPolicy": None}},
    {"spec": {"clusterIP": None, "clusterIPs": None, "ipFamilies": None}},
    {"status": None},
]


@pytest.mark.parametrize("kind", [PatchType.MERGE, PatchType.STRATEGIC_MERGE])
@pytest.mark.parametrize("patch", NULLS, ids=str)
def test_nulls_of_generated_manifests_change_nothing(
    cluster: Cluster, kind: "PatchType.ValueType", patch: dict[str, Any]
) -> None:
    before = cluster.service(PORTS.join("{}"))
    sent = Patch(kind, json.dumps(patch).encode())
    written = run(cluster.registry.patch(SERVICES, "default", "web", sent))
    assert decode(SERVICES, written) == before


def test_status_and_spec_have_their_own_verbs(cluster: Cluster) -> None:
    service = cluster.service(LOCAL)
    service.status.loadBalancer.ingress.add(ip="192.0.2.1", ipMode="VIP")
    assert not cluster.update(SERVICES, service).status.loadBalancer.ingress
    service.spec.sessionAffinity = "ClientIP"
    service.metadata.ClearField("resourceVersion")
    written = cluster.update_status(SERVICES, service)
    assert written.status.loadBalancer.ingress[0].ip == "192.0.2.1"
    assert written.spec.sessionAffinity == "None"


STATUS = [
    (
        "NodePort",
        {"ip": "192.0.2.1"},
        "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'",
    ),
    (
        "LoadBalancer",
        {"ip": "foo"},
        'status.loadBalancer.ingress[0].ip: Invalid value: "foo": must be a valid IP address',
    ),
    (
        "LoadBalancer",
        {"hostname": "a", "ipMode": "VIP"},
        "status.loadBalancer.ingress[0].ipMode: Forbidden: may not be specified when `ip` is not set",
    ),
    (
        "LoadBalancer",
        {"ip": "192.0.2.1", "ipMode": "X"},
        'status.loadBalancer.ingress[0].ipMode: Unsupported value: "X": supported values: "Proxy", "VIP"',
    ),
    (
        "LoadBalancer",
        {"hostname": "192.0.2.1"},
        'status.loadBalancer.ingress[0].hostname: Invalid value: "192.0.2.1": must be a DNS name, not an IP address',
    ),
    (
        "LoadBalancer",
        {"hostname": "A"},
        'status.loadBalancer.ingress[0].hostname: Invalid value: "A": a lowercase RFC 1123 subdomain',
    ),
]


@pytest.mark.parametrize(("kind", "ingress", "error"), STATUS, ids=[error[:70] for *_, error in STATUS])
def test_rule_of_the_status(cluster: Cluster, kind: str, ingress: dict[str, str], error: str) -> None:
    cluster.service(f"{{type: {kind}, {PORTS}}}")
    with pytest.raises(Invalid) as caught:
        cluster.patch(SERVICES, "web", {"status": {"loadBalancer": {"ingress": [ingress]}}}, subresource="status")
    assert [str(found)[: len(error)] for found in caught.value.errors] == [error]


def test_deleted_service_takes_its_endpoints_and_allocations_along(cluster: Cluster) -> None:
    cluster.service(LOCAL)
    cluster.create(ENDPOINTS, "{metadata: {name: web}, subsets: []}")
    assert cluster.delete(SERVICES, "web").removed
    assert [item.key for item in cluster.store.list("/registry/endpoints/")] == []
    assert set(cluster.allocations()) == {"10.96.0.1"}


def test_service_with_finalizers_keeps_its_address_until_the_last_is_gone(cluster: Cluster) -> None:
    manifest = {"metadata": {"name": "web", "finalizers": ["a.b/c"]}, "spec": {"ports": [{"port": 80}]}}
    address = cluster.create(SERVICES, manifest).spec.clusterIP
    written = cluster.delete(SERVICES, "web")
    assert not written.removed
    assert cluster.get(SERVICES, "web").metadata.HasField("deletionTimestamp")
    assert address in cluster.allocations()
    cluster.patch(SERVICES, "web", {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a.b/c"]}})
    assert set(cluster.allocations()) == {"10.96.0.1"}

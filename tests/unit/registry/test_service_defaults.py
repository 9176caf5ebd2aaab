"""What an unset field of a Service becomes, IP families among them; and warnings."""
# ruff: noqa: E501  (messages stand in one piece, so that they can be searched for)

from typing import Any

import pytest
import yaml

from protos.jsonform import to_json
from protos.kinds import SERVICES
from tests.unit.registry.harness import Cluster, run

PORT = "ports: [{port: 80}]"

DEFAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "ClusterIP": (
        PORT.join("{}"),
        {
            "type": "ClusterIP",
            "sessionAffinity": "None",
            "internalTrafficPolicy": "Cluster",
            "externalTrafficPolicy": None,
            "sessionAffinityConfig": None,
            "allocateLoadBalancerNodePorts": None,
        },
    ),
    "NodePort": (
        f"{{type: NodePort, {PORT}}}",
        {"externalTrafficPolicy": "Cluster", "internalTrafficPolicy": "Cluster"},
    ),
    "LoadBalancer": (
        f"{{type: LoadBalancer, {PORT}}}",
        {"externalTrafficPolicy": "Cluster", "allocateLoadBalancerNodePorts": True},
    ),
    "external addresses": (f"{{externalIPs: [192.0.2.1], {PORT}}}", {"externalTrafficPolicy": "Cluster"}),
    "ExternalName": (
        "{type: ExternalName, externalName: a.b}",
        {
            "internalTrafficPolicy": None,
            "externalTrafficPolicy": None,
            "clusterIP": None,
            "ipFamilies": None,
            "ipFamilyPolicy": None,
            "sessionAffinity": "None",
        },
    ),
    "affinity": (
        f"{{sessionAffinity: ClientIP, {PORT}}}",
        {"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}}},
    ),
    "affinity without timeout": (
        f"{{sessionAffinity: ClientIP, sessionAffinityConfig: {{clientIP: {{}}}}, {PORT}}}",
        {"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}}},
    ),
    "no affinity": (
        f"{{sessionAffinity: None, sessionAffinityConfig: {{clientIP: {{timeoutSeconds: 5}}}}, {PORT}}}",
        {"sessionAffinityConfig": None},
    ),
    "ports": (
        "ports: [{name: a, port: 80}, {name: b, port: 81, targetPort: ''}, {name: c, port: 82, targetPort: http, protocol: UDP}]",
        {
            "ports": [
                {"name": "a", "port": 80, "protocol": "TCP", "targetPort": 80},
                {"name": "b", "port": 81, "protocol": "TCP", "targetPort": 81},
                {"name": "c", "port": 82, "protocol": "UDP", "targetPort": "http"},
            ]
        },
    ),
    "headless": (
        f"{{clusterIP: None, selector: {{a: b}}, {PORT}}}",
        {"clusterIP": "None", "clusterIPs": ["None"], "ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4"]},
    ),
    "headless without ports": ("{clusterIP: None, selector: {a: b}}", {"ports": None}),
    "headless without selector": (
        "{clusterIP: None}",
        {"ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv4", "IPv6"]},
    ),
    "preferring two stacks": (
        f"{{ipFamilyPolicy: PreferDualStack, {PORT}}}",
        {"ipFamilyPolicy": "PreferDualStack", "ipFamilies": ["IPv4"]},
    ),
    "an address": (f"{{clusterIP: 10.96.0.10, {PORT}}}", {"clusterIP": "10.96.0.10", "clusterIPs": ["10.96.0.10"]}),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_default(cluster: Cluster, name: str) -> None:
    spec, expected = DEFAULTS[name]
    created = to_json(cluster.service(spec))["spec"]
    assert {key: created.get(key) for key in expected} == expected


FAMILIES = {
    "one stack": (PORT.join("{}"), "SingleStack", ["IPv4"]),
    "one stack of the second family": (f"{{ipFamilies: [IPv6], {PORT}}}", "SingleStack", ["IPv6"]),
    "prefer": (f"{{ipFamilyPolicy: PreferDualStack, {PORT}}}", "PreferDualStack", ["IPv4", "IPv6"]),
    "require": (f"{{ipFamilyPolicy: RequireDualStack, {PORT}}}", "RequireDualStack", ["IPv4", "IPv6"]),
    "the other order": (
        f"{{ipFamilyPolicy: PreferDualStack, ipFamilies: [IPv6], {PORT}}}",
        "PreferDualStack",
        ["IPv6", "IPv4"],
    ),
    "from an address": (f"{{clusterIP: 'fd00:96::7', {PORT}}}", "SingleStack", ["IPv6"]),
    "from an address, both": (
        f"{{ipFamilyPolicy: PreferDualStack, clusterIP: 'fd00:96::7', {PORT}}}",
        "PreferDualStack",
        ["IPv6", "IPv4"],
    ),
    "from two addresses": (
        f"{{ipFamilyPolicy: PreferDualStack, clusterIP: 10.96.0.7, clusterIPs: [10.96.0.7, 'fd00:96::7'], {PORT}}}",
        "PreferDualStack",
        ["IPv4", "IPv6"],
    ),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_families_of_a_dual_stack_cluster(dual: Cluster, name: str) -> None:
    text, policy, families = FAMILIES[name]
    spec = dual.service(text).spec
    assert (spec.ipFamilyPolicy, list(spec.ipFamilies)) == (policy, families)
    assert ["IPv6" if ":" in address else "IPv4" for address in spec.clusterIPs] == families
    assert spec.clusterIP == spec.clusterIPs[0]
    assert set(spec.clusterIPs) < set(dual.allocations())


def test_a_preferring_service_is_not_upgraded_by_another_change(dual: Cluster) -> None:
    """It was made when the cluster had one family."""
    single = Cluster()
    single.service(f"{{ipFamilyPolicy: PreferDualStack, {PORT}}}")
    single.registry.network.__dict__.update(dual.registry.network.__dict__)
    dual.store, dual.registry.store = single.store, single.store
    spec = dual.patch(SERVICES, "web", {"spec": {"sessionAffinity": "ClientIP"}}).spec
    assert (list(spec.ipFamilies), len(spec.clusterIPs)) == (["IPv4"], 1)
    spec = dual.patch(SERVICES, "web", {"spec": {"ipFamilyPolicy": "RequireDualStack"}}).spec
    assert (list(spec.ipFamilies), len(spec.clusterIPs)) == (["IPv4", "IPv6"], 2)


WARNINGS = [
    (f"{{externalIPs: [192.0.2.1], clusterIP: None, {PORT}}}", ["spec.externalIPs is ignored for headless services"]),
    (
        f"{{clusterIP: None, loadBalancerIP: 192.0.2.1, sessionAffinity: ClientIP, {PORT}}}",
        [
            "spec.loadBalancerIP is ignored for headless services",
            "spec.SessionAffinity is ignored for headless services",
        ],
    ),
    (f"{{clusterIP: None, {PORT}}}", []),
    (
        "{type: ExternalName, externalName: a.b, externalIPs: [192.0.2.1]}",
        ['spec.externalIPs is ignored when spec.type is "ExternalName"'],
    ),
    (f"{{externalName: a.b, {PORT}}}", ['spec.externalName is ignored when spec.type is not "ExternalName"']),
    (
        f"{{trafficDistribution: PreferClose, {PORT}}}",
        ['spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'],
    ),
    (
        f"{{externalIPs: [192.000.2.1, '::ffff:192.0.2.2', '2001:DB8::1'], {PORT}}}",
        [
            'spec.externalIPs[0]: non-standard IP address "192.000.2.1" will be considered invalid in a future Kubernetes release: use "192.0.2.1"',
            'spec.externalIPs[1]: non-standard IP address "::ffff:192.0.2.2" will be considered invalid in a future Kubernetes release: use "192.0.2.2"',
            'spec.externalIPs[2]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
        ],
    ),
    (
        f"{{type: LoadBalancer, loadBalancerSourceRanges: [192.0.2.1/24, 192.00.2.0/24, 10.0.0.0/8], {PORT}}}",
        [
            'spec.loadBalancerSourceRanges[0]: CIDR value "192.0.2.1/24" is ambiguous in this context (should be "192.0.2.0/24" or "192.0.2.1/32"?)',
            'spec.loadBalancerSourceRanges[1]: non-standard CIDR value "192.00.2.0/24" will be considered invalid in a future Kubernetes release: use "192.0.2.0/24"',
        ],
    ),
]


@pytest.mark.parametrize(("spec", "warnings"), WARNINGS, ids=[spec for spec, _ in WARNINGS])
def test_warnings(cluster: Cluster, spec: str, warnings: list[str]) -> None:
    written = cluster.written(SERVICES, {"metadata": {"name": "web"}, "spec": yaml.safe_load(spec)})
    assert list(written.warnings) == warnings


def test_warning_of_the_older_topology_annotation(cluster: Cluster) -> None:
    metadata = {"name": "web", "annotations": {"service.kubernetes.io/topology-aware-hints": "Auto"}}
    written = cluster.written(SERVICES, {"metadata": metadata, "spec": {"ports": [{"port": 80}]}})
    name = "service.kubernetes.io/topology"
    assert list(written.warnings) == [f"annotation {name}-aware-hints is deprecated, please use {name}-mode instead"]


def test_lenient_address_is_allocated_by_its_value(cluster: Cluster) -> None:
    cluster.service(f"{{clusterIP: 10.096.00.10, {PORT}}}")
    assert "10.96.0.10" in cluster.allocations()


def test_the_api_service_has_the_first_address(dual: Cluster) -> None:
    spec = dual.get(SERVICES, "kubernetes").spec
    assert (spec.clusterIP, spec.ports[0].port) == ("10.96.0.1", 443)
    before = dual.store.revision
    run(dual.registry.bootstrap())
    assert dual.store.revision == before

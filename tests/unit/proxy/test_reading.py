"""What the proxy takes from API objects."""

import pytest

from node_agent.proxy.reading import node_facts, service_facts, slice_facts, trigger_time
from protos.kubernetes import core_pb2, discovery_pb2
from tests.unit.proxy.objects import NODE, endpoint, node, service, slice_


def port_of(found: core_pb2.Service):  # type: ignore[no-untyped-def]
    facts = service_facts(found)
    assert facts is not None
    return facts.ports[0]


@pytest.mark.parametrize(
    "found",
    [
        service("web", "None"),
        service("web", ""),
        service("web", "10.96.0.10", type="ExternalName"),
        service("web", "10.96.0.10", labels={"service.kubernetes.io/service-proxy-name": "other"}),
    ],
    ids=["headless", "no address yet", "ExternalName", "another proxy's"],
)
def test_services_that_are_left_alone(found: core_pb2.Service) -> None:
    assert service_facts(found) is None


def test_a_plain_service() -> None:
    port = port_of(service("web", ("10.96.0.10", "fd96::10")))
    assert str(port.name) == "default/web"
    assert (port.cluster_ips, port.port, port.protocol) == (("10.96.0.10", "fd96::10"), 80, "tcp")
    assert not port.externally_accessible
    assert port.affinity_seconds == 0


def test_a_port_without_protocol_is_tcp() -> None:
    assert port_of(service("web", "10.96.0.10", protocol="")).name.protocol == "TCP"


def test_affinity() -> None:
    found = service("web", "10.96.0.10", sessionAffinity="ClientIP")
    assert port_of(found).affinity_seconds == 10800
    found.spec.sessionAffinityConfig.clientIP.timeoutSeconds = 30
    assert port_of(found).affinity_seconds == 30


def test_a_load_balancer() -> None:
    found = service(
        "web",
        "10.96.0.10",
        type="LoadBalancer",
        nodePort=30080,
        externalTrafficPolicy="Local",
        healthCheckNodePort=32000,
        loadBalancerSourceRanges=["10.0.0.5/8", " fd00::/8", "nonsense"],
        externalIPs=["192.0.2.1"],
        ingress=["198.51.100.1", "2001:db8:0::1"],
    )
    found.status.loadBalancer.ingress.add(ip="198.51.100.2", ipMode="Proxy")
    found.status.loadBalancer.ingress.add(hostname="lb.example")
    facts = service_facts(found)
    assert facts is not None
    assert facts.health_check_node_port == 32000
    port = facts.ports[0]
    assert port.load_balancer_ips == ("198.51.100.1", "2001:db8::1")
    assert port.external_ips == ("192.0.2.1",)
    assert port.source_ranges == ("10.0.0.0/8", "fd00::/8", "")
    assert (port.node_port, port.external_local, port.internal_local) == (30080, True, False)


def test_what_only_a_load_balancer_has_is_not_taken_from_others() -> None:
    found = service("web", "10.96.0.10", nodePort=30080, healthCheckNodePort=32000, ingress=["198.51.100.1"])
    facts = service_facts(found)
    assert facts is not None
    assert (facts.health_check_node_port, facts.ports[0].node_port, facts.ports[0].load_balancer_ips) == (0, 0, ())


@pytest.mark.parametrize("label", ["service.kubernetes.io/headless", "service.kubernetes.io/service-proxy-name"])
def test_slices_that_are_left_alone(label: str) -> None:
    found = slice_("web", endpoint("10.244.1.5"))
    assert slice_facts(found) is not None
    found.metadata.labels[label] = ""
    assert slice_facts(found) is None
    assert slice_facts(discovery_pb2.EndpointSlice(addressType="IPv4")) is None
    fqdn = slice_("web", endpoint("example.org"))
    fqdn.addressType = "FQDN"
    assert slice_facts(fqdn) is None


def test_conditions_that_are_not_said() -> None:
    silent = discovery_pb2.Endpoint(addresses=["10.244.1.5", "10.244.1.6"])
    not_ready = discovery_pb2.Endpoint(addresses=["10.244.1.7"])
    not_ready.conditions.ready = False
    facts = slice_facts(slice_("web", silent, not_ready, discovery_pb2.Endpoint()))
    assert facts is not None
    first, second = facts.endpoints["", "TCP"]
    assert (first.ip, first.port, first.ready, first.serving, first.terminating) == (
        "10.244.1.5",
        8080,
        True,
        True,
        False,
    )
    assert (second.ready, second.serving) == (False, False)


def test_ports_without_a_number_are_left_out() -> None:
    found = slice_("web", endpoint("10.244.1.5"))
    found.ports.add(name="none")
    facts = slice_facts(found)
    assert facts is not None
    assert set(facts.endpoints) == {("", "TCP")}


def test_node_ports_answer_on_the_primary_addresses() -> None:
    facts = node_facts(node("172.18.0.2", "172.19.0.2", "fd12::2", "fd13::2"))
    assert facts.addresses == ("172.18.0.2", "fd12::2")
    assert (facts.pod_cidrs, facts.zone, facts.is_leaving) == (NODE.pod_cidrs, "a", False)


def test_or_on_those_within_the_given_ranges() -> None:
    found = node("172.18.0.2", "172.19.0.2", "fd12::2")
    assert node_facts(found, ("172.19.0.0/16", "fd00::/8")).addresses == ("172.19.0.2", "fd12::2")
    assert node_facts(found, ("0.0.0.0/0",)).addresses == ("172.18.0.2", "172.19.0.2")


def test_and_on_addresses_of_the_machine_that_the_node_does_not_tell_of() -> None:
    found = node("172.18.0.2", "fd12::2")
    facts = node_facts(found, ("172.18.0.0/16",), ("172.18.0.2", "172.18.0.9", "10.9.9.9"))
    assert facts.addresses == ("172.18.0.2", "172.18.0.9")
    assert facts.primary == ("172.18.0.2", "fd12::2")
    assert node_facts(found, (), ("172.18.0.9",)).addresses == ("172.18.0.2", "fd12::2")


def test_a_node_that_leaves() -> None:
    tainted = node()
    tainted.spec.taints.add(key="ToBeDeletedByClusterAutoscaler", effect="NoSchedule")
    assert node_facts(tainted).is_leaving
    assert node_facts(tainted).topology == node_facts(node()).topology
    deleted = node()
    deleted.metadata.deletionTimestamp.seconds = 1
    assert node_facts(deleted).is_leaving


def test_the_trigger_time_is_read_without_a_trace() -> None:
    found = slice_("web")
    assert trigger_time(found) is None
    assert not found.metadata.annotations
    found.metadata.annotations["endpoints.kubernetes.io/last-change-trigger-time"] = "2026-01-01T00:00:01.5Z"
    assert trigger_time(found) == 1767225601.5
    found.metadata.annotations["endpoints.kubernetes.io/last-change-trigger-time"] = "soon"
    assert trigger_time(found) is None


def test_addresses_are_read_however_the_api_lets_them_be_written() -> None:
    web = service(
        "web",
        "010.096.000.077",
        externalIPs=["192.0.2.010", "2001:DB8::0:1"],
        loadBalancerSourceRanges=[" 010.0.0.1/8 "],
        type="LoadBalancer",
        ingress=["::ffff:192.0.2.9"],
    )
    found = service_facts(web)
    assert found is not None
    (port,) = found.ports
    assert port.cluster_ips == ("10.96.0.77",)
    assert port.external_ips == ("192.0.2.10", "2001:db8::1")
    assert port.source_ranges == ("10.0.0.0/8",)
    assert port.load_balancer_ips == ("192.0.2.9",)

"""The rules of Kubernetes, case by case: who may be reached, who is refused or dropped, and whose address is kept."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple

import pytest

from svclab.trace.trace import Trace
from svclab.trace.way import Verdict
from tests.unit.trace.scene import (
    BALANCER_IP,
    CLIENT_OUTSIDE,
    CLUSTER_IP,
    ENDING,
    EXTERNAL_IP,
    GONE,
    NODE_PORT,
    NODES,
    READY,
    UNREADY,
    node,
    scene,
    service,
    slice_of,
    trace,
)

BOTH = {"web-1": READY, "web-2": READY}
AT_NODE = {number: f"node/node-{number}:{NODE_PORT}" for number in (1, 2, 3)}
LOCAL = {"externalTrafficPolicy": "Local"}
INTERNAL_LOCAL = {"internalTrafficPolicy": "Local"}
REFUSED, DROPPED = Verdict.REFUSED, Verdict.DROPPED


class Case(NamedTuple):
    """`ends`: the pods that may be reached, each with the client that it sees; or a verdict."""

    id: str
    sender: str
    target: str
    spec: Mapping[str, Any]
    endpoints: Mapping[str, Mapping[str, bool]]
    ends: Mapping[str, str] | Verdict


RIVALS = (("a", "10.96.0.71"), ("b", "10.96.0.72"))
KEPT_1 = {"web-1": "10.244.1.9", "web-2": "10.244.1.9"}
CASES = [
    Case("pod to ClusterIP keeps its address", "pod/client-1", "web", {}, BOTH, KEPT_1),
    Case(
        "an endpoint that reaches itself is masqueraded",
        *("pod/web-1", "web", {}, BOTH, {"web-1": "172.18.0.2", "web-2": "10.244.1.1"}),
    ),
    Case(
        "a node is masqueraded to a ClusterIP",
        *("node/node-1", "web", {}, BOTH, {"web-1": "172.18.0.2", "web-2": "172.18.0.2"}),
    ),
    Case("no endpoints", "pod/client-1", "web", {}, {}, REFUSED),
    Case("none ready", "pod/client-1", "web", {}, {"web-1": UNREADY, "web-2": GONE}, REFUSED),
    Case(
        "ready before terminating",
        "pod/client-1",
        "web",
        {},
        {"web-1": ENDING, "web-2": READY},
        {"web-2": "10.244.1.9"},
    ),
    Case(
        "terminating if none is ready",
        "pod/client-1",
        "web",
        {},
        {"web-1": ENDING, "web-2": UNREADY},
        {"web-1": "10.244.1.9"},
    ),
    Case("internal Local, here", "pod/client-1", "web", INTERNAL_LOCAL, BOTH, {"web-1": "10.244.1.9"}),
    Case("internal Local, elsewhere", "pod/client-3", "web", INTERNAL_LOCAL, BOTH, DROPPED),
    Case("internal Local, nowhere", "pod/client-3", "web", INTERNAL_LOCAL, {"web-1": UNREADY}, REFUSED),
    Case(
        "internal Local, terminating here and ready elsewhere",
        *("pod/client-1", "web", INTERNAL_LOCAL, {"web-1": ENDING, "web-2": READY}, {"web-1": "10.244.1.9"}),
    ),
    Case("internal Local holds for the node too", "node/node-3", "web", INTERNAL_LOCAL, BOTH, DROPPED),
    Case("a port that it does not have", "pod/client-1", f"{CLUSTER_IP}:81", {}, BOTH, REFUSED),
    Case("a protocol that it does not have", "pod/client-1", f"{CLUSTER_IP}:80/udp", {}, BOTH, REFUSED),
    Case("an address that nobody has", "pod/client-1", "10.96.9.9:80", {}, BOTH, DROPPED),
    Case("ClusterIP from outside", "outside", "web", {}, BOTH, Verdict.UNREACHABLE),
    Case("a pod from outside", "outside", "10.244.1.1:8080", {}, BOTH, Verdict.UNREACHABLE),
    Case("a pod's address that nobody has", "pod/client-1", "10.244.2.77:80", {}, BOTH, Verdict.UNREACHABLE),
    Case("somewhere else", "pod/client-1", "203.0.113.1:80", {}, BOTH, Verdict.LEFT),
]
NODE_PORT_CASES = [
    Case(
        "node port, Cluster: masqueraded even on the same node",
        *("outside", AT_NODE[1], {}, BOTH, {"web-1": "172.18.0.2", "web-2": "172.18.0.2"}),
    ),
    Case("node port, Local: the client is kept", "outside", AT_NODE[1], LOCAL, BOTH, {"web-1": CLIENT_OUTSIDE}),
    Case("node port, Local, elsewhere", "outside", AT_NODE[3], LOCAL, BOTH, DROPPED),
    Case("node port, Local, nowhere", "outside", AT_NODE[3], LOCAL, {}, REFUSED),
    Case(
        "node port, Local, terminating here", "outside", AT_NODE[1], LOCAL, {"web-1": ENDING}, {"web-1": CLIENT_OUTSIDE}
    ),
    Case(
        "short circuit for a pod of the node",
        "pod/client-3",
        AT_NODE[3],
        LOCAL,
        BOTH,
        {"web-1": "10.244.3.9", "web-2": "10.244.3.9"},
    ),
    Case(
        "short circuit for the node",
        "node/node-3",
        AT_NODE[3],
        LOCAL,
        BOTH,
        {"web-1": "172.18.0.4", "web-2": "172.18.0.4"},
    ),
    Case("a pod of another node is outside", "pod/client-1", AT_NODE[3], LOCAL, BOTH, DROPPED),
    Case(
        "a pod of another node is outside, and kept", "pod/client-3", AT_NODE[1], LOCAL, BOTH, {"web-1": "10.244.3.9"}
    ),
    Case(
        "a node to another node's port",
        "node/node-3",
        AT_NODE[1],
        {},
        BOTH,
        {"web-1": "172.18.0.2", "web-2": "172.18.0.2"},
    ),
    Case(
        "internal Local says nothing of node ports",
        "outside",
        AT_NODE[3],
        INTERNAL_LOCAL,
        BOTH,
        {"web-1": "172.18.0.4", "web-2": "172.18.0.4"},
    ),
    Case(
        "external Local says nothing of the ClusterIP",
        "pod/client-3",
        "web:80",
        LOCAL,
        BOTH,
        {"web-1": "10.244.3.9", "web-2": "10.244.3.9"},
    ),
]


def verify(found: Trace, wanted: Mapping[str, str] | Verdict) -> None:
    if isinstance(wanted, Verdict):
        assert {end.verdict for end in found.ends} == {wanted}
        return
    assert {end.verdict for end in found.ends} == {Verdict.DELIVERED}
    assert {end.pod.removeprefix("default/"): end.source for end in found.ends} == wanted
    assert {end.probability for end in found.ends} == {Fraction(1, len(wanted))}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_cluster_ip(case: Case) -> None:
    facts = scene(service(**case.spec), slices=[slice_of(case.endpoints)])
    verify(trace(facts, case.sender, case.target), case.ends)


@pytest.mark.parametrize("case", NODE_PORT_CASES, ids=lambda case: case.id)
def test_a_node_port(case: Case) -> None:
    facts = scene(service(type="NodePort", **case.spec), slices=[slice_of(case.endpoints)])
    verify(trace(facts, case.sender, case.target), case.ends)


def balanced(mode: str, **spec: Any) -> Any:
    return scene(service(type="LoadBalancer", mode=mode, **spec), slices=[slice_of(BOTH)])


def test_a_vip_is_taken_on_the_senders_own_node() -> None:
    found = trace(balanced("VIP"), "pod/client-3", f"{BALANCER_IP}:80")
    assert [hop.place for hop in found.way.hops] == ["node-3"]
    verify(found, {"web-1": "172.18.0.4", "web-2": "172.18.0.4"})


def test_a_vip_from_outside_comes_to_any_node_and_with_local_to_those_with_endpoints() -> None:
    everywhere = trace(balanced("VIP"), "outside", f"{BALANCER_IP}:80")
    assert [hop.place for hop in everywhere.way.hops] == ["load balancer", "node-1", "node-2", "node-3"]
    assert {end.probability for end in everywhere.ends} == {Fraction(1, 6)}
    verify(
        trace(balanced("VIP", **LOCAL), "outside", f"{BALANCER_IP}:80"),
        {"web-1": CLIENT_OUTSIDE, "web-2": CLIENT_OUTSIDE},
    )


def test_a_proxy_goes_on_to_a_node_port_even_for_pods() -> None:
    found = trace(balanced("Proxy", **LOCAL), "pod/client-3", f"{BALANCER_IP}:80")
    places = [(hop.place, hop.packet.destination, hop.packet.port) for hop in found.way.hops]
    assert places == [
        ("node-3", BALANCER_IP, 80),
        ("load balancer", BALANCER_IP, 80),
        ("node-1", "172.18.0.2", NODE_PORT),
        ("node-2", "172.18.0.3", NODE_PORT),
    ]
    assert found.way.hops[1].packet.source == "172.18.0.4"  # pods leave with their node's address


@pytest.mark.parametrize("mode", ["VIP", "Proxy"])
def test_source_ranges(mode: str) -> None:
    allowed = balanced(mode, loadBalancerSourceRanges=["172.18.0.0/24"])
    denied = balanced(mode, loadBalancerSourceRanges=["192.0.2.0/24"])
    assert {end.verdict for end in trace(allowed, "outside", f"{BALANCER_IP}:80").ends} == {Verdict.DELIVERED}
    ends = trace(denied, "outside", f"{BALANCER_IP}:80").ends
    assert {(end.verdict, end.cause.field) for end in ends} == {(DROPPED, "spec.loadBalancerSourceRanges")}
    if mode == "VIP":  # they hold for the load balancer's address alone, but there for pods too
        verify(trace(denied, "outside", AT_NODE[1]), {"web-1": "172.18.0.2", "web-2": "172.18.0.2"})
        verify(trace(denied, "pod/client-1", f"{BALANCER_IP}:80"), DROPPED)


@pytest.mark.parametrize("mode", ["VIP", "Proxy"])
def test_a_load_balancer_without_a_healthy_node_or_without_the_port(mode: str) -> None:
    local = {"externalTrafficPolicy": "Local"}
    facts = scene(service(type="LoadBalancer", mode=mode, **local), slices=[slice_of({"web-1": ENDING})])
    (end,) = trace(facts, "outside", f"{BALANCER_IP}:80").ends
    assert (end.verdict, end.place) == (DROPPED, "load balancer")
    verify(trace(balanced(mode), "outside", f"{BALANCER_IP}:81"), REFUSED)


def test_excluded_nodes_and_those_that_are_not_ready_get_nothing() -> None:
    excluded = node(1, **{"node.kubernetes.io/exclude-from-external-load-balancers": "true"})
    dead = node(2)
    dead.status.conditions[0].status = "Unknown"
    facts = scene(service(type="LoadBalancer", mode="VIP"), slices=[slice_of(BOTH)], nodes=[excluded, dead, NODES[2]])
    assert {end.via for end in trace(facts, "outside", f"{BALANCER_IP}:80").ends} == {"node-3"}


def test_an_external_ip_on_a_node_that_has_it() -> None:
    facts = scene(service(externalIPs=["172.18.0.3", EXTERNAL_IP]), slices=[slice_of(BOTH)])
    verify(trace(facts, "outside", "172.18.0.3:80"), {"web-1": "172.18.0.3", "web-2": "172.18.0.3"})
    verify(trace(facts, "outside", f"{EXTERNAL_IP}:80"), Verdict.UNREACHABLE)
    verify(trace(facts, "pod/client-1", f"{EXTERNAL_IP}:80"), {"web-1": "172.18.0.2", "web-2": "172.18.0.2"})


def test_hints_choose_the_nodes_zone_unless_one_endpoint_has_none() -> None:
    nodes = [node(1, "a"), node(2, "b"), node(3, "b")]
    hints = {name: {"forZones": [{"name": zone}]} for name, zone in (("web-1", "a"), ("web-2", "b"))}
    hinted = scene(service(), slices=[slice_of(BOTH, hints=hints)], nodes=nodes)
    found = trace(hinted, "pod/client-3", "web")
    verify(found, {"web-2": "10.244.3.9"})
    (hit,) = [hop.hit for hop in found.way.hops if hop.hit]
    assert hit.considered[0].reason == "its hints name zone a, and node-3 is in zone b"
    del hints["web-2"]
    some = scene(service(), slices=[slice_of(BOTH, hints=hints)], nodes=nodes)
    verify(trace(some, "pod/client-3", "web"), {"web-1": "10.244.3.9", "web-2": "10.244.3.9"})


def test_the_reason_of_a_drop_is_for_a_learner() -> None:
    facts = scene(service(type="NodePort", **LOCAL), slices=[slice_of({"web-1": READY})])
    (hop,) = trace(facts, "outside", AT_NODE[2]).way.hops
    assert hop.cause is not None
    assert hop.cause.text == "no endpoint of web on node-2, and externalTrafficPolicy is Local"
    assert hop.cause.field == "spec.externalTrafficPolicy"


def test_the_older_of_two_services_with_one_address_answers() -> None:
    young, old = (
        service("young", externalIPs=[EXTERNAL_IP]),
        service("old", externalIPs=[EXTERNAL_IP], clusterIP="10.96.0.11"),
    )
    young.metadata.creationTimestamp.seconds = 9
    facts = scene(young, old, slices=[slice_of({"web-1": READY}, "young"), slice_of({"web-2": READY}, "old")])
    verify(trace(facts, "pod/client-1", f"{EXTERNAL_IP}:80"), {"web-2": "172.18.0.2"})


def test_another_proxys_service_is_left_alone() -> None:
    foreign = service()
    foreign.metadata.labels["service.kubernetes.io/service-proxy-name"] = "other"
    verify(trace(scene(foreign, slices=[slice_of(BOTH)]), "pod/client-1", "web"), DROPPED)


def test_an_endpoint_outside_of_the_cluster_sees_the_node() -> None:
    outside = slice_of({"web-1": READY})
    outside.endpoints[0].addresses[0] = "203.0.113.5"
    (end,) = trace(scene(service(), slices=[outside]), "pod/client-1", "web").ends
    assert (end.source, end.masqueraded) == ("172.18.0.2", True)


def test_addresses_are_read_however_the_api_lets_them_be_written() -> None:
    odd = service(clusterIP="010.096.000.010", externalIPs=["198.051.100.007"])
    facts = scene(odd, slices=[slice_of({"web-1": READY})])
    for target in ("web", CLUSTER_IP + ":80", EXTERNAL_IP + ":80"):
        assert [end.pod for end in trace(facts, "pod/client-1", target).ends] == ["default/web-1"]


def test_a_node_on_the_way_that_is_not_ready_is_said() -> None:
    dead = node(2)
    dead.status.conditions[0].status = "Unknown"
    nodes = (NODES[0], dead, NODES[2])
    facts = scene(service(type="NodePort"), slices=[slice_of(BOTH)], nodes=nodes)
    (note,) = (note for note in trace(facts, "pod/client-1", AT_NODE[2]).notes if "Ready" in note)
    assert note.startswith("node-2 is not Ready")
    assert not [note for note in trace(facts, "pod/client-1", "pod/web-1:8080").notes if "Ready" in note]


@pytest.mark.parametrize(
    ("spec", "endpoints", "words", "field"),
    [
        ({"selector": {"app": "web"}}, {}, "as no running pod matches its selector app=web", "spec.selector"),
        ({}, {}, "without a selector, somebody has to write its EndpointSlices", "spec.selector"),
        (
            {"ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "www"}]},
            BOTH,
            'no endpoints with its port "http", targetPort www',
            "spec.ports[].targetPort",
        ),
        ({}, {"web-1": UNREADY}, "no endpoint of it is ready", "endpoints[].conditions"),
    ],
)
def test_why_nobody_serves(spec: dict[str, Any], endpoints: dict[str, Any], words: str, field: str) -> None:
    (end,) = trace(scene(service(**spec), slices=[slice_of(endpoints)]), "pod/client-1", "web").ends
    assert (end.verdict, end.cause.field) == (REFUSED, field)
    assert words in end.cause.text


def test_who_claims_an_address_in_vain_is_said() -> None:
    first, second = (service(name, clusterIP=ip, externalIPs=[EXTERNAL_IP]) for name, ip in RIVALS)
    facts = scene(second, first, slices=[slice_of(BOTH, "a")])
    found = trace(facts, "pod/client-1", f"{EXTERNAL_IP}:80")
    assert {end.pod for end in found.ends} == {"default/web-1", "default/web-2"}
    assert found.notes == (f"default/b claims {EXTERNAL_IP} . tcp . 80 too (spec.externalIPs), but default/a has it",)
    assert trace(facts, "pod/client-1", "a:80").notes == trace(scene(first), "pod/client-1", "a:80").notes


def test_a_service_of_another_proxy_is_nobodys_here() -> None:
    foreign = service()
    foreign.metadata.labels["service.kubernetes.io/service-proxy-name"] = "other"
    (end,) = trace(scene(foreign, slices=[slice_of(BOTH)]), "pod/client-1", "web:80").ends
    assert (end.verdict, end.cause.text) == (DROPPED, f"default/web, which has {CLUSTER_IP}, is left to another proxy")

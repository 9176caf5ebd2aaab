"""What a user may type, and what the names lead to."""

from dataclasses import replace

import pytest

from protos.kubernetes import core_pb2
from svclab.trace.question import QuestionError, Target, parse_source, parse_target
from svclab.trace.trace import predict
from svclab.trace.way import Verdict
from svclab.trace.world import Pod, World
from tests.unit.trace.scene import CLUSTER_IP, READY, UNREADY, scene, service, slice_of, source, trace

DNS = service("kube-dns", clusterIP="10.96.0.53")
DNS.metadata.namespace = "kube-system"
HEADLESS = service(clusterIP="None", ports=[{"port": 80, "protocol": "TCP", "targetPort": 8080}])


def alias(target: str) -> core_pb2.Service:
    found = service("alias", type="ExternalName", externalName=target)
    found.spec.clusterIP = ""
    return found


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("web", Target("web", "", "")),
        ("web:80", Target("web", "80", "")),
        ("web.other:http/udp", Target("web.other", "http", "UDP")),
        ("10.96.0.1:443", Target("10.96.0.1", "443", "")),
        ("[fd00::0:1]:80/SCTP", Target("fd00::1", "80", "SCTP")),
        ("fd00::1", Target("fd00::1", "", "")),
        ("node/node-1:30080", Target("node/node-1", "30080", "")),
        ("web.default.svc.cluster.local.:80", Target("web.default.svc.cluster.local", "80", "")),
    ],
)
def test_targets(text: str, target: Target) -> None:
    assert parse_target(text) == target


@pytest.mark.parametrize("text", [":80", "", "web:0", "web:65536", "/udp"])
def test_targets_that_mean_nothing(text: str) -> None:
    with pytest.raises(QuestionError, match="--to"):
        parse_target(text)


@pytest.mark.parametrize("text", ["pod/none", "node/none", "service/web", "pod/", "none"])
def test_sources_that_are_not_there(text: str) -> None:
    with pytest.raises(QuestionError):
        parse_source(scene(), text, "default", ())


def test_an_address_is_known_as_what_has_it() -> None:
    facts = scene()
    assert str(source(facts, "10.244.1.9")) == "pod/client-1 (10.244.1.9 on node-1)"
    assert source(facts, "172.18.0.3").text == "node/node-2"
    assert source(facts, "192.0.2.1").node == ""


@pytest.mark.parametrize("name", ["web", "web.default", "web.default.svc", "web.default.svc.cluster.local"])
def test_the_search_path_of_a_pod(name: str) -> None:
    found = trace(scene(service(), DNS, slices=[slice_of({"web-1": READY})]), "pod/client-1", f"{name}:80")
    assert found.answer.name == "web.default.svc.cluster.local"
    assert (found.answer.addresses, found.answer.asked) == ((CLUSTER_IP,), True)


def test_nodes_and_clusters_without_dns_do_not_ask() -> None:
    with_dns, without = scene(service(), DNS), scene(service())
    for facts, sender in ((with_dns, "node/node-1"), (without, "pod/client-1")):
        found = trace(facts, sender, "web:80")
        assert not found.answer.asked
        assert "the address is taken from the Service itself" in found.notes[0]


def test_a_headless_name_is_its_ready_endpoints_and_no_port_is_translated() -> None:
    facts = scene(HEADLESS, slices=[slice_of({"web-1": READY, "web-2": UNREADY})])
    found = trace(facts, "pod/client-3", "web:80")
    assert [(end.address, end.port, end.masqueraded) for end in found.ends] == [("10.244.1.1", 80, False)]
    assert "a headless Service translates no port: 80 stays 80, but its pods listen on 8080" in found.notes


def test_a_headless_name_without_ready_endpoints_does_not_exist() -> None:
    (end,) = trace(scene(HEADLESS, slices=[slice_of({"web-1": UNREADY})]), "pod/client-1", "web:80").ends
    assert end.verdict is Verdict.UNRESOLVED
    assert "NXDOMAIN" in end.cause.text


def test_an_external_name_is_followed_within_the_cluster_and_left_alone_outside() -> None:
    inside = scene(alias("web.default.svc.cluster.local"), service(), slices=[slice_of({"web-1": READY})])
    found = trace(inside, "pod/client-3", "alias:80")
    assert (found.answer.canonical, found.ends[0].address) == ("web.default.svc.cluster.local", "10.244.1.1")
    (end,) = trace(scene(alias("example.org")), "pod/client-1", "alias:80").ends
    assert end.verdict is Verdict.LEFT


def test_names_that_go_round_in_circles_end() -> None:
    found = trace(scene(alias("alias.default.svc.cluster.local")), "pod/client-1", "alias:80")
    assert [end.verdict for end in found.ends] == [Verdict.UNRESOLVED]
    assert found.answer.text.count("CNAME") == 1 and "in circles" in found.answer.text


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("gone.default.svc.cluster.local", "NXDOMAIN: this cluster has no such name"),
        ("gone.cluster.local", "NXDOMAIN: this cluster has no such name"),
        ("10.0.0.1", "which is an address, and no name"),
    ],
)
def test_an_external_name_that_leads_nowhere(target: str, words: str) -> None:
    (end,) = trace(scene(alias(target)), "pod/client-1", "alias:80").ends
    assert (end.verdict, end.cause.field) == (Verdict.UNRESOLVED, "spec.externalName")
    assert words in end.cause.text


@pytest.mark.parametrize("name", ["first.web", "first.web.default.svc.cluster.local", "10-244-2-1.web.default"])
def test_an_endpoint_has_a_name_of_its_own(name: str) -> None:
    found = slice_of({"web-1": READY, "web-2": READY})
    found.endpoints[0].hostname = "first"
    facts = scene(HEADLESS, alias(name) if name.endswith(".local") else DNS, slices=[found])
    address = "10.244.1.1" if name.startswith("first") else "10.244.2.1"
    for target in {name, "alias" if name.endswith(".local") else name}:
        assert trace(facts, "pod/client-3", f"{target}:8080").answer.addresses == (address,)


def test_a_headless_service_without_ports_has_addresses() -> None:
    found = slice_of({"web-1": READY})
    del found.ports[:]
    (end,) = trace(scene(service(clusterIP="None", ports=[]), slices=[found]), "pod/client-3", "web:8080").ends
    assert (end.verdict, end.address) == (Verdict.DELIVERED, "10.244.1.1")


def test_a_pod_without_an_address_cannot_be_reached() -> None:
    facts = replace(scene(), pods=(*scene().pods, Pod("default", "new", "node-1", ())))
    with pytest.raises(QuestionError, match='--to: pod "new" has no address yet'):
        predict(facts, source(facts, "pod/client-1"), parse_target("pod/new:80"), "default")


@pytest.mark.parametrize(
    ("facts", "target", "words"),
    [
        (scene(), "web", 'no service "web" seen from namespace "default"'),
        (scene(service()), "web:https", "default/web has no port https: say one of 80/TCP"),
        (scene(service()), "web/udp", "default/web has no port UDP: say one of 80/TCP"),
        (scene(service()), "web:80/icmp", "default/web has no port 80/icmp: say one of 80/TCP"),
        (scene(), "127.0.0.1:80", "never leaves pod/client-1"),
        (scene(), "[fd00::1]:80", "pod/client-1 has no IPv6 address to send to fd00::1 from"),
        (scene(), "node/node-1", "say a port, as in node/node-1:80"),
        (scene(), "pod/none:80", 'pod "none" not found'),
    ],
)
def test_questions_without_an_answer(facts: World, target: str, words: str) -> None:
    with pytest.raises(QuestionError, match=words):
        predict(facts, source(facts, "pod/client-1"), parse_target(target), "default")


def test_outside_a_service_is_reached_by_its_most_public_address() -> None:
    public = service(type="NodePort")
    found = trace(scene(public, slices=[slice_of({"web-1": READY})]), "outside", "web:80")
    assert (found.packets[0].destination, found.packets[0].port) == ("172.18.0.2", 30080)
    public.spec.type = "LoadBalancer"
    public.status.loadBalancer.ingress.add(ip="172.18.0.200", ipMode="VIP")
    assert trace(scene(public), "outside", "web").packets[0].destination == "172.18.0.200"


def test_a_service_of_one_family_has_no_node_port_in_the_other() -> None:
    six = service(type="NodePort", clusterIP="fd96::10")
    (end,) = trace(scene(six), "outside", "172.18.0.2:30080").ends
    assert (end.verdict, end.cause.text) == (Verdict.DELIVERED, "the node itself has this address")

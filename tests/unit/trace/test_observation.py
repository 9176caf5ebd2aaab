"""From what machines saw to one way, and its differences from the prediction."""

import json
from typing import Any

import pytest

from svclab.trace.comparison import differences
from svclab.trace.document import document
from svclab.trace.evidence import Sent, seen_rows, sent_row
from svclab.trace.observation import Observation, observe
from svclab.trace.way import Verdict
from svclab.trace.words import describe, describe_observed
from tests.unit.trace.scene import NODE_PORT, READY, scene, service, slice_of, trace

FACTS = scene(service(type="NodePort"), slices=[slice_of({"web-1": READY, "web-2": READY})])
CLIENT = ("10.244.3.9", 40000)
PREDICTED = trace(FACTS, "pod/client-3", "web")
REACHED = ["svclab nat-prerouting", "svclab services", "svclab balance-2", "svclab services"]


def row(
    source: tuple[str, int],
    destination: tuple[str, int],
    answers: tuple[str, int] | None = None,
    to: tuple[str, int] | None = None,
    dropped: str = "",
    chains: list[str] = REACHED,
) -> dict[str, Any]:
    """As observe.py prints it; without `answers` no connection was made."""
    entry = answers and {
        "answers": answers,
        "to": to or source,
        "source_translated": to is not None,
        "destination_translated": answers != destination,
    }
    found = {"flow": [6, *source, *destination], "chains": chains, "dropped": dropped, "entry": entry}
    return dict(json.loads(json.dumps(found)))


def observed(outcome: str, *rows: tuple[str, dict[str, Any]]) -> Observation:
    sent = sent_row({"outcome": outcome, "source": list(CLIENT), "destination": "10.96.0.10"}, 80)
    return observe(FACTS, PREDICTED, sent, [seen for node, one in rows for seen in seen_rows(node, [one])])


VIP, WEB_2 = ("10.96.0.10", 80), ("10.244.2.1", 8080)
CHOSEN = ("node-3", row(CLIENT, VIP, WEB_2))
ARRIVED = ("node-2", row(CLIENT, WEB_2, WEB_2))


def test_a_way_over_two_nodes() -> None:
    found = observed("answered", ARRIVED, CHOSEN)
    assert [step.node for step in found.steps] == ["node-3", "node-2"]
    assert (found.verdict, found.endpoint, found.via) == (Verdict.DELIVERED, WEB_2, "node-3")
    assert differences(PREDICTED, found) == ()
    text = describe_observed(found, ())
    assert "on node-3: its destination becomes 10.244.2.1:8080 (default/web-2), its source is kept" in text
    assert "through nat-prerouting > services > balance-2\n" in text


def test_packets_of_others_are_not_taken_for_ours() -> None:
    other = ("node-3", row(("10.244.3.9", 40001), VIP, ("10.244.1.1", 8080)))
    assert observed("answered", other, CHOSEN, ARRIVED).endpoint == WEB_2


NODE = ("172.18.0.4", 1234)
WRONG = {
    "another endpoint": observed("answered", ("node-3", row(CLIENT, VIP, ("10.244.9.9", 8080)))),
    "masqueraded": observed("answered", ("node-3", row(CLIENT, VIP, WEB_2, to=NODE))),
    "refused": observed("refused", ("node-3", row(CLIENT, VIP, dropped="reject-packet"))),
    "dropped": observed("silent", ("node-3", row(CLIENT, VIP, dropped="services"))),
    "chosen on another node": observed("answered", ("node-1", row(CLIENT, VIP, WEB_2))),
    "no answer": observed("silent", CHOSEN, ARRIVED),
    "never seen": observed("silent"),
}


@pytest.mark.parametrize("what", WRONG)
def test_every_difference_is_found(what: str) -> None:
    assert len(differences(PREDICTED, WRONG[what])) == 1
    assert "It DISAGREES" in describe_observed(WRONG[what], differences(PREDICTED, WRONG[what]))


def test_another_source_port_is_no_masquerading() -> None:
    """Two flows of one pod over two Services to one endpoint must differ in something."""
    found = observed("answered", ("node-3", row(CLIENT, VIP, WEB_2, to=(CLIENT[0], 50000))))
    assert differences(PREDICTED, found) == ()


def test_who_refuses_matters() -> None:
    nobody = scene(service())
    predicted = trace(nobody, "pod/client-3", "web")
    sent = Sent("refused", CLIENT, VIP)
    at_home = observe(nobody, predicted, sent, seen_rows("node-3", [row(CLIENT, VIP, dropped="reject-packet")]))
    elsewhere = observe(nobody, predicted, sent, seen_rows("node-1", [row(CLIENT, VIP, dropped="reject-packet")]))
    assert differences(predicted, at_home) == ()
    assert differences(predicted, elsewhere) == ("predicted: refused by node-3; observed: by node-1",)


@pytest.mark.parametrize(("chain", "verdict"), [("services", Verdict.DROPPED), ("reject-packet", Verdict.REFUSED)])
def test_a_machines_own_datagram_is_blocked_either_way(chain: str, verdict: Verdict) -> None:
    assert observed("blocked", ("node-3", row(CLIENT, VIP, dropped=chain))).verdict is verdict


def test_a_wrong_answer_of_the_dns_is_a_difference() -> None:
    sent = Sent("answered", CLIENT, VIP, addresses=("10.96.0.99",))
    found = observe(
        FACTS, PREDICTED, sent, [seen for node, one in (CHOSEN, ARRIVED) for seen in seen_rows(node, [one])]
    )
    assert differences(PREDICTED, found) == ("the DNS says 10.96.0.99; predicted: 10.96.0.10",)


def test_a_node_that_knows_no_such_pod_says_so() -> None:
    predicted = trace(FACTS, "pod/client-3", "10.244.2.77:80")
    sent = sent_row({"outcome": "unreachable", "source": list(CLIENT), "destination": "10.244.2.77"}, 80)
    passed = row(CLIENT, ("10.244.2.77", 80), ("10.244.2.77", 80))
    stopped = row(CLIENT, ("10.244.2.77", 80))
    rows = [*seen_rows("node-3", [passed]), *seen_rows("node-2", [stopped])]
    found = observe(FACTS, predicted, sent, rows)
    assert (found.verdict, found.place) == (Verdict.UNREACHABLE, "node-2")
    assert differences(predicted, found) == ()
    dropped = row(CLIENT, ("10.244.2.77", 80), dropped="services")
    assert differences(predicted, observe(FACTS, predicted, sent, seen_rows("node-3", [dropped])))


@pytest.mark.parametrize("outcome", ["answered", "refused", "silent"])
def test_a_node_that_reaches_itself_through_a_service(outcome: str) -> None:
    own = slice_of({"web-1": READY})
    own.endpoints[0].addresses[:] = ["172.18.0.3"]
    own.endpoints[0].nodeName = "node-2"
    facts = scene(service(), slices=[own])
    predicted = trace(facts, "node/node-2", "web")
    sent = sent_row({"outcome": outcome, "source": ["172.18.0.3", 4000], "destination": VIP[0]}, 80)
    chosen = row(("172.18.0.3", 4000), VIP, ("172.18.0.3", 8080), to=("172.18.0.3", 5000))
    again = row(("172.18.0.3", 5000), ("172.18.0.3", 8080))
    found = observe(facts, predicted, sent, seen_rows("node-2", [chosen, again]))
    assert [step.node for step in found.steps] == ["node-2"]
    assert (found.verdict, found.endpoint) == (Verdict.DELIVERED, ("172.18.0.3", 8080))


@pytest.mark.parametrize(("outcome", "source"), [("answered", ["10.244.1.1", 4000]), ("refused", ["", 0])])
def test_a_pod_that_talks_to_itself_is_seen_by_nobody(outcome: str, source: list[object]) -> None:
    predicted = trace(FACTS, "pod/web-1", "10.244.1.1:8080")
    sent = sent_row({"outcome": outcome, "source": source, "destination": "10.244.1.1"}, 8080)
    found = observe(FACTS, predicted, sent, [])
    assert (found.endpoint, found.source) == (("10.244.1.1", 8080), "10.244.1.1")
    assert differences(predicted, found) == ()


def test_the_words_of_a_prediction() -> None:
    facts = scene(service(type="NodePort", externalTrafficPolicy="Local"), slices=[slice_of({"web-1": READY})])
    assert describe(trace(facts, "outside", f"node/node-2:{NODE_PORT}")) == (
        "From outside (172.18.0.253) to node/node-2:30080/TCP\n"
        "\n"
        "Name: node-2 is 172.18.0.3\n"
        "  the address of node node-2: nodes have no name in the DNS\n"
        "\n"
        "On node-2: element 172.18.0.3 . tcp . 30080 is the node port of default/web (spec.ports[].nodePort)\n"
        "  policy: Local: only endpoints on this node, and the client's address is kept (spec.externalTrafficPolicy)\n"
        "  dropped 10.244.1.1:8080 default/web-1 on node-1: not on node-2, and externalTrafficPolicy is Local"
        " (spec.externalTrafficPolicy)\n"
        "  dropped: no endpoint of web on node-2, and externalTrafficPolicy is Local (spec.externalTrafficPolicy)\n"
        "\n"
        "Ends:\n"
        "  always: dropped by node-2, and the client hears nothing: no endpoint of web on node-2, and"
        " externalTrafficPolicy is Local (spec.externalTrafficPolicy)\n"
    )


def test_the_same_is_said_once() -> None:
    headless = scene(service(clusterIP="None"), slices=[slice_of({"web-1": READY, "web-2": READY})])
    text = describe(trace(headless, "pod/client-3", "web:8080"))
    assert text.count("On node-3: no Service has this address: forwarded as it is") == 1
    assert text.count("arrives at") == 2
    through = describe(trace(scene(service(type="LoadBalancer", mode="VIP")), "outside", "web"))
    assert [through.count(f"On node-{number} (probability 1/3)") for number in (1, 2, 3)] == [1, 1, 1]


def test_of_many_addresses_the_first_are_said() -> None:
    many = slice_of({"web-1": READY})
    for number in range(20, 40):
        many.endpoints.add(addresses=[f"10.244.1.{number}"])
    text = describe(trace(scene(service(clusterIP="None"), slices=[many]), "pod/client-3", "web:8080"))
    assert "10.244.1.28 and 11 more\n" in text


def test_affinity_is_said() -> None:
    facts = scene(service(sessionAffinity="ClientIP"), slices=[slice_of({"web-1": READY})])
    assert "within 10800 s gets the endpoint that it had before" in describe(trace(facts, "pod/client-1", "web"))


def test_the_document_holds_it_all_and_is_json() -> None:
    found = observed("answered", CHOSEN, ARRIVED)
    value = json.loads(json.dumps(document(PREDICTED, found, ("wrong",))))
    assert value["agrees"] is False
    assert value["hops"][0]["hit"]["element"] == "10.96.0.10 . tcp . 80"
    assert [item["kept"] for item in value["hops"][0]["endpoints"]] == [True, True]
    assert [end["probability"] for end in value["ends"]] == [0.5, 0.5]
    assert value["observed"]["endpoint"] == {"address": "10.244.2.1", "port": 8080}

"""What holds whatever the Services, endpoints and policies are; and that model and proxy judge alike."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from node_agent.proxy import reading
from node_agent.proxy.topology import categorize_endpoints
from svclab.trace.endpoints import anybody_serves, consider, endpoints_of
from svclab.trace.way import WHOLE, Verdict
from tests.unit.trace.scene import ADDRESSES, BALANCER_IP, NODE_PORT, node, scene, service, slice_of, trace

POLICIES = st.sampled_from(["Cluster", "Local"])
CONDITIONS = st.fixed_dictionaries({name: st.booleans() for name in ("ready", "serving", "terminating")})
ENDPOINTS = st.dictionaries(st.sampled_from(sorted(ADDRESSES)), CONDITIONS)
HINTS = st.dictionaries(
    st.sampled_from(sorted(ADDRESSES)),
    st.one_of(
        st.sampled_from("ab").map(lambda zone: {"forZones": [{"name": zone}]}),
        st.sampled_from(["node-1", "node-2"]).map(lambda name: {"forNodes": [{"name": name}]}),
    ),
)
SENDERS = st.sampled_from(["pod/client-1", "pod/web-1", "pod/client-3", "node/node-2", "outside"])
TARGETS = st.sampled_from(
    ["web:80", f"node/node-1:{NODE_PORT}", f"node/node-3:{NODE_PORT}", f"{BALANCER_IP}:80", "10.96.0.10:80"]
)
SPECS = st.fixed_dictionaries(
    {
        "internalTrafficPolicy": POLICIES,
        "externalTrafficPolicy": POLICIES,
        "sessionAffinity": st.sampled_from(["None", "ClientIP"]),
        "loadBalancerSourceRanges": st.lists(st.sampled_from(["172.18.0.0/24", "10.244.1.0/24"]), max_size=2),
    }
)
MODES = st.sampled_from(["VIP", "Proxy"])
ZONED = [node(1, "a"), node(2, "b"), node(3)]


@given(SPECS, MODES, ENDPOINTS, HINTS, SENDERS, TARGETS)
def test_ends_are_certain_and_only_endpoints_that_serve_are_reached(
    spec: dict[str, Any], mode: str, endpoints: dict[str, Any], hints: dict[str, Any], sender: str, target: str
) -> None:
    web = service(type="LoadBalancer", mode=mode, **spec)
    found = trace(scene(web, slices=[slice_of(endpoints, hints=hints)], nodes=ZONED), sender, target)
    assert sum(end.probability for end in found.ends) == WHOLE
    usable = {
        ADDRESSES[name]: state
        for name, state in endpoints.items()
        if state["ready"] or (state["serving"] and state["terminating"])
    }
    for end in found.ends:
        assert end.verdict is not Verdict.DELIVERED or end.address in usable
        assert end.cause.text
        if end.verdict in (Verdict.DROPPED, Verdict.REFUSED):
            assert end.place
    if not usable:
        assert Verdict.DELIVERED not in {end.verdict for end in found.ends}


@given(ENDPOINTS, HINTS, POLICIES, st.sampled_from([1, 2, 3]))
def test_the_model_keeps_what_the_proxy_keeps(
    endpoints: dict[str, Any], hints: dict[str, Any], policy: str, number: int
) -> None:
    """Two implementations of one rule, written apart."""
    web, slice_ = service(type="NodePort", externalTrafficPolicy=policy), slice_of(endpoints, hints=hints)
    world = scene(web, slices=[slice_], nodes=ZONED)
    mine = endpoints_of(world, web, "", "TCP", "10.96.0.10")
    local = consider(mine, world.nodes[f"node-{number}"], "spec.externalTrafficPolicy")
    cluster = consider(mine, world.nodes[f"node-{number}"])
    kept = [{item.endpoint.address for item in found if item.kept} for found in (cluster, local)]

    service_facts, slice_facts = reading.service_facts(web), reading.slice_facts(slice_)
    assert service_facts is not None and slice_facts is not None
    port = service_facts.ports[0]
    theirs = categorize_endpoints(port, slice_facts.endpoints["", "TCP"], reading.node_facts(ZONED[number - 1]))
    assert kept[0] == {found.ip for found in theirs.cluster}
    assert kept[1] == {found.ip for found in theirs.local} or policy == "Cluster"
    assert anybody_serves(mine) == theirs.has_any

"""Which endpoints may be used: the table of policies, readiness and hints."""

from dataclasses import replace

import pytest

from node_agent.proxy.facts import Endpoint, ServiceName, ServicePort, ServicePortName
from node_agent.proxy.topology import categorize_endpoints
from tests.unit.proxy.objects import HERE, NODE, THERE

PORT = ServicePort(
    name=ServicePortName(ServiceName("default", "web"), "", "TCP"),
    cluster_ips=("10.96.0.10",),
    port=80,
    node_port=0,
    external_ips=(),
    load_balancer_ips=(),
    source_ranges=(),
    internal_local=False,
    external_local=False,
    affinity_seconds=0,
    created=0,
)
NODE_PORT = replace(PORT, node_port=30080)
INTERNAL_LOCAL = replace(PORT, internal_local=True)
EXTERNAL_LOCAL = replace(NODE_PORT, external_local=True)


def found(name: str, node: str, *, ready: bool = True, serving: bool = True, terminating: bool = False) -> Endpoint:
    return Endpoint(name, 80, ready, serving, terminating, node)


HERE_READY, THERE_READY = found("here", HERE), found("there", THERE)
HERE_ENDING = found("here-ending", HERE, ready=False, terminating=True)
THERE_ENDING = found("there-ending", THERE, ready=False, terminating=True)
ILL = found("ill", HERE, ready=False, serving=False)
DEAD = found("dead", HERE, ready=False, serving=False, terminating=True)
STARTING = found("starting", HERE, ready=False, serving=True)  # serves, but neither is ready nor goes


@pytest.mark.parametrize(
    ("port", "endpoints", "cluster", "local", "has_any"),
    [
        pytest.param(PORT, [], "", "", False, id="nobody"),
        pytest.param(PORT, [HERE_READY, THERE_READY], "here there", "", True, id="cluster"),
        pytest.param(PORT, [HERE_READY, ILL, DEAD], "here", "", True, id="the ill are left out"),
        pytest.param(PORT, [ILL, DEAD, STARTING], "", "", False, id="none but the ill"),
        pytest.param(PORT, [HERE_READY, THERE_ENDING], "here", "", True, id="never mixed"),
        pytest.param(PORT, [HERE_ENDING, THERE_ENDING, ILL], "here-ending there-ending", "", True, id="stand-ins"),
        pytest.param(INTERNAL_LOCAL, [HERE_READY, THERE_READY], "", "here", True, id="internal Local"),
        pytest.param(INTERNAL_LOCAL, [THERE_READY], "", "", True, id="internal Local, nobody here"),
        pytest.param(INTERNAL_LOCAL, [THERE_READY, HERE_ENDING], "", "here-ending", True, id="Local has stand-ins too"),
        pytest.param(NODE_PORT, [THERE_READY], "there", "", True, id="external Cluster"),
        pytest.param(EXTERNAL_LOCAL, [HERE_READY, THERE_READY], "here there", "here", True, id="external Local"),
        pytest.param(EXTERNAL_LOCAL, [THERE_READY], "there", "", True, id="external Local, nobody here"),
        pytest.param(
            EXTERNAL_LOCAL, [THERE_READY, HERE_ENDING], "there", "here-ending", True, id="each list by itself"
        ),
        pytest.param(replace(PORT, external_local=True), [HERE_READY], "here", "", True, id="Local without address"),
        pytest.param(replace(EXTERNAL_LOCAL, internal_local=True), [THERE_READY], "there", "", True, id="both Local"),
    ],
)
def test_policies(port: ServicePort, endpoints: list[Endpoint], cluster: str, local: str, has_any: bool) -> None:
    result = categorize_endpoints(port, endpoints, NODE)
    assert [e.ip for e in result.cluster] == cluster.split()
    assert [e.ip for e in result.local] == local.split()
    assert result.has_any is has_any


def hinted(name: str, zones: str = "", nodes: str = "", *, ready: bool = True) -> Endpoint:
    return Endpoint(name, 80, ready, True, not ready, THERE, tuple(zones.split()), tuple(nodes.split()))


@pytest.mark.parametrize(
    ("endpoints", "expected"),
    [
        pytest.param([hinted("x", "a"), hinted("y", "b")], "x", id="my zone"),
        pytest.param([hinted("x", "a b"), hinted("y", "b")], "x", id="one of several zones"),
        pytest.param([hinted("x", "b"), hinted("y", "b")], "x y", id="nobody for my zone"),
        pytest.param([hinted("x", "a"), hinted("y")], "x y", id="one without a hint"),
        pytest.param([hinted("x", "a", HERE), hinted("y", "a", THERE)], "x", id="my node"),
        pytest.param([hinted("x", "a", THERE), hinted("y", "b", THERE)], "x", id="nobody for my node: my zone"),
        pytest.param([hinted("x", "b", HERE), hinted("y", "a")], "y", id="one without a node: my zone"),
        pytest.param([hinted("x", "a"), hinted("y", ready=False)], "x", id="only the ready count"),
        pytest.param([hinted("x", "a", ready=False), hinted("y", "b", ready=False)], "x y", id="stand-ins have none"),
    ],
)
def test_hints(endpoints: list[Endpoint], expected: str) -> None:
    assert [e.ip for e in categorize_endpoints(PORT, endpoints, NODE).cluster] == expected.split()


def test_a_node_without_a_zone_takes_all() -> None:
    endpoints = [hinted("x", "a"), hinted("y", "b")]
    assert len(categorize_endpoints(PORT, endpoints, replace(NODE, zone="")).cluster) == 2


def test_hints_do_not_hold_for_local_lists() -> None:
    here = replace(HERE_READY, zones=("b",))
    assert categorize_endpoints(EXTERNAL_LOCAL, [here], NODE).local == (here,)

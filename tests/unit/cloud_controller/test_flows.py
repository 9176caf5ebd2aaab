"""Which UDP flows through a load balancer must be forgotten."""

from ipaddress import ip_address

import pytest

from cloud_controller.backends import Backend
from cloud_controller.balancing import LoadBalancer
from cloud_controller.flows import behind, stale
from cloud_controller.request import LoadBalancerRequest, Mode, Port
from node_agent.conntrack.flows import Flow

ONE, TWO = Backend("node-1", "10.0.0.2", "fd00::2"), Backend("node-2", "10.0.0.3", "fd00::3")
PORTS = (Port("UDP", 53, 30053), Port("TCP", 53, 30053))


def balancer(mode: Mode, *healthy: Backend, address: str = "10.0.0.200") -> LoadBalancer:
    request = LoadBalancerRequest("default", "dns", "uid", ("IPv4",), mode, "", PORTS, (), 0, False, "")
    return LoadBalancer(request, ip_address(address), healthy)


def flow(answerer: str, port: int = 30053, *, to: str = "10.0.0.200", to_port: int = 53) -> Flow:
    return Flow("10.0.0.9", 40000, to, to_port, answerer, port)


@pytest.mark.parametrize(
    ("now", "found", "forgotten"),
    [
        pytest.param([balancer("proxy", ONE, TWO)], flow("10.0.0.2"), False, id="a node in the rotation"),
        pytest.param([balancer("proxy", TWO)], flow("10.0.0.2"), True, id="a node that left it"),
        pytest.param([balancer("proxy")], flow("10.0.0.2"), True, id="nobody is healthy"),
        pytest.param([balancer("proxy", ONE)], flow("10.0.0.2", 30054), True, id="another node port"),
        pytest.param([balancer("proxy", ONE)], flow("10.0.0.200", 53), True, id="not translated when it began"),
        pytest.param([balancer("vip", ONE)], flow("10.0.0.2"), True, id="not proxied any more"),
        pytest.param([], flow("10.0.0.2"), True, id="the Service is gone"),
        pytest.param([balancer("vip", ONE)], flow("10.0.0.200", 53), False, id="routed"),
        pytest.param([], flow("8.8.8.8", 53, to="8.8.8.8"), False, id="nothing to do with it"),
        pytest.param(
            [balancer("proxy", ONE, address="fd00::200")], flow("fd00::2", to="fd00::200"), False, id="of its family"
        ),
    ],
)
def test_stale(now: list[LoadBalancer], found: Flow, forgotten: bool) -> None:
    assert stale([found], behind(now)) == ([found] if forgotten else [])

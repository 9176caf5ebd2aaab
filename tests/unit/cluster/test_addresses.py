"""The address plan, and the choice of a subnet that nobody uses."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svclab.cluster.addresses import Plan, choose_subnets
from svclab.cluster.config import IPNetwork, Networking
from svclab.cluster.errors import ClusterError

DUAL = Networking(
    ip_family="dual",
    pod_subnets=(ip_network("10.244.0.0/16"), ip_network("fd00:10:244::/56")),
    service_subnets=(ip_network("10.96.0.0/16"), ip_network("fd00:10:96::/112")),
)


def test_the_plan() -> None:
    plan = Plan((ip_network("10.200.0.0/24"), ip_network("fd00:10:200::/64")))
    assert plan.addresses(plan.ROUTER) == ["10.200.0.1", "fd00:10:200::1"]
    assert plan.interfaces(plan.of_node(1)) == ["10.200.0.2/24", "fd00:10:200::2/64"]
    everybody = [plan.ROUTER, plan.OUTSIDE, plan.HOST, *map(plan.of_node, range(1, 251))]
    assert len(set(everybody)) == len(everybody)


def test_the_first_free_subnet_is_chosen() -> None:
    taken = [ip_network("10.200.0.0/23"), ip_network("192.168.0.0/16"), ip_network("fd00:10:200::/64")]
    assert choose_subnets(DUAL, taken).node_subnets == (ip_network("10.200.2.0/24"), ip_network("fd00:10:200:1::/64"))


@given(st.lists(st.integers(0, 255), max_size=255))
def test_a_chosen_subnet_overlaps_with_nothing(used: list[int]) -> None:
    taken: list[IPNetwork] = [ip_network(f"10.200.{number}.0/25") for number in used]
    (chosen,) = choose_subnets(Networking(), taken).node_subnets
    assert not any(chosen.overlaps(other) for other in taken if isinstance(other, type(chosen)))


def test_a_given_subnet_is_taken_as_it_is() -> None:
    networking = Networking(node_subnets=(ip_network("172.30.0.0/24"),))
    assert choose_subnets(networking, [ip_network("172.30.1.0/24")]) is networking


@pytest.mark.parametrize(
    ("subnet", "taken", "message"),
    [
        ("172.30.0.0/24", "172.30.0.0/16", r"nodeSubnet: 172.30.0.0/24 is in use here \(172.30.0.0/16\)"),
        ("172.30.0.0/25", "10.0.0.0/8", r"nodeSubnet: 172.30.0.0/25 is too small: /24"),
    ],
)
def test_a_given_subnet_that_cannot_be_used(subnet: str, taken: str, message: str) -> None:
    with pytest.raises(ClusterError, match=message):
        choose_subnets(Networking(node_subnets=(ip_network(subnet),)), [ip_network(taken)])


def test_no_subnet_free() -> None:
    with pytest.raises(ClusterError, match="no free subnet"):
        choose_subnets(Networking(), [ip_network("10.0.0.0/8")])

"""The configuration of the cluster's DNS and of its load balancer."""

from ipaddress import ip_network
from typing import Any

import pytest

from svclab.cluster.addresses import Plan
from svclab.cluster.config import ClusterConfig
from svclab.cluster.config_document import API_VERSION, KIND, from_document, to_document
from svclab.cluster.errors import ConfigError

HEAD = {"kind": KIND, "apiVersion": API_VERSION, "networking": {"nodeSubnet": "10.50.0.0/16"}}


def read(**fields: Any) -> ClusterConfig:
    return from_document(HEAD | fields)


def test_defaults() -> None:
    config = read()
    assert config.dns.replicas == 2
    assert (config.load_balancer.mode, config.load_balancer.pool, config.load_balancer.probe_interval) == ("vip", (), 2)


def test_what_is_read_is_what_is_written() -> None:
    balancer = {"mode": "proxy", "pool": ["10.50.0.200/29", "10.50.7.0/24"], "class": "a.b/c", "probeInterval": "300ms"}
    config = read(dns={"replicas": 0}, loadBalancer=balancer)
    assert config.load_balancer.pool == (ip_network("10.50.0.200/29"), ip_network("10.50.7.0/24"))
    assert (config.dns.replicas, config.load_balancer.probe_interval) == (0, 0.3)
    assert from_document(to_document(config)) == config


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"dns": {"replicas": 11}}, "dns.replicas: 11 is not between 0 and 10"),
        ({"dns": {"servers": 1}}, "dns.servers: unknown field"),
        ({"loadBalancer": {"mode": "bgp"}}, "loadBalancer.mode: 'bgp' is none of vip, proxy, none"),
        ({"loadBalancer": {"pool": ["many"]}}, "loadBalancer.pool: 'many' does not appear to be"),
        ({"loadBalancer": {"pool": ["10.60.0.0/24"]}}, "10.60.0.0/24 is not within networking.nodeSubnet"),
        ({"loadBalancer": {"pool": ["10.50.0.128/25"]}}, "10.50.0.128/25 overlaps with the cluster's machines"),
        ({"loadBalancer": {"pool": ["10.50.0.248/29"]}}, "10.50.0.248/29 overlaps with the cluster's machines"),
        ({"loadBalancer": {"probeFailures": 0}}, "loadBalancer.probeFailures: 0 is not between 1 and 100"),
    ],
)
def test_what_cannot_be_is_said_with_its_field(fields: dict[str, Any], error: str) -> None:
    with pytest.raises(ConfigError, match=error):
        read(**fields)


def test_load_balancers_have_addresses_that_no_machine_has() -> None:
    plan = Plan((ip_network("10.50.0.0/24"), ip_network("fd00:50::/64")))
    assert plan.load_balancers() == ["10.50.0.192/27", "fd00:50::c0/123"]
    (pool, _) = map(ip_network, plan.load_balancers())
    last_node = plan.subnets[0][Plan.of_node(Plan.MOST_NODES)]
    assert last_node not in pool
    assert last_node + 1 in pool
    assert all(plan.subnets[0][number] not in pool for number in (Plan.CLOUD, Plan.API_SERVER, Plan.OUTSIDE, Plan.HOST))

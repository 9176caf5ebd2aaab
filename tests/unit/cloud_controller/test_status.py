"""What the cloud shows of each load balancer."""

import json
from ipaddress import ip_address

from cloud_controller.backends import Backend
from cloud_controller.balancing import LoadBalancer
from cloud_controller.request import LoadBalancerRequest, Port
from cloud_controller.status import data

ONE, TWO = Backend("node-1", "10.0.0.2", ""), Backend("node-2", "10.0.0.3", "")
WEB = LoadBalancerRequest("shop", "web", "u", ("IPv4",), "vip", "", (Port("TCP", 80, 0),), (), 0, False, "")


def test_each_address_has_its_nodes() -> None:
    shown = data([LoadBalancer(WEB, ip_address("10.0.0.193"), (TWO,), (ONE, TWO))])
    assert json.loads(shown["shop.web"]) == {
        "mode": "vip",
        "ports": ["80/TCP"],
        "nodes": {"10.0.0.193": {"healthy": ["node-2"], "unhealthy": ["node-1"]}},
    }

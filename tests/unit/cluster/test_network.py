"""What `ip` is told."""

from ipaddress import ip_network

from svclab.cluster.addresses import Plan
from svclab.cluster.netns import host, network

PLAN = Plan((ip_network("10.200.7.0/24"), ip_network("fd00:10:200:7::/64")))


def test_the_switch_is_the_router() -> None:
    assert network.switch(PLAN) == [
        "link set lo up",
        "link add br0 type bridge forward_delay 0 mcast_snooping 0",
        "addr add 10.200.7.1/24 dev br0 ",
        "addr add fd00:10:200:7::1/64 dev br0 nodad",
        "link set br0 up",
    ]


def test_a_machine_has_its_addresses_and_default_routes() -> None:
    assert network.machine(PLAN, PLAN.of_node(1)) == [
        "link set lo up",
        "addr add 10.200.7.2/24 dev eth0 ",
        "addr add fd00:10:200:7::2/64 dev eth0 nodad",
        "link set eth0 up",
        "route add default via 10.200.7.1",
        "route add default via fd00:10:200:7::1",
    ]


def test_a_machine_keeps_its_hardware_address() -> None:
    first, second = network.plug("node-1", 2, 77), network.plug("node-1", 2, 78)
    assert first[0] == "link add node-1 type veth peer name eth0 address 02:73:76:63:00:02 netns 77"
    assert second[0] == first[0].replace("77", "78")
    assert network.plug("node-2", 3, 77)[0] != first[0]


def test_names_fit_into_what_the_kernel_allows() -> None:
    assert network.port_of("node-1", 2) == "node-1"
    assert network.port_of("a-node-with-a-long-name", 2) == "port-2"
    assert host.link_name("dev") == "svclab-dev"
    names = {host.link_name(f"a-cluster-with-a-long-name-{number}") for number in range(100)}
    assert len(names) == 100
    assert max(map(len, names)) <= 15

"""Addresses and node ports: bands, sharing, exhaustion, and that no history leaks or doubles one."""

from collections import Counter
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apiserver.allocation.ranges import AddressRange, PortRange, address_band, choose, port_band
from apiserver.registry.errors import InternalError, Invalid, StatusError
from apiserver.registry.service.allocation import held_keys
from protos.kinds import SERVICES
from protos.kubernetes.core_pb2 import Service
from tests.unit.registry.harness import Cluster

PORT = "ports: [{port: 80}]"


@pytest.mark.parametrize(
    ("cidr", "size", "band"),
    [("10.0.0.0/28", 14, 0), ("10.0.0.0/24", 254, 16), ("10.0.0.0/20", 4094, 256), ("10.96.0.0/12", 2**20 - 2, 256)],
)
def test_bands_of_address_ranges(cidr: str, size: int, band: int) -> None:
    addresses = AddressRange(cidr)
    assert (addresses.size, address_band(addresses.network.num_addresses)) == (size, band)
    assert addresses.holds(addresses.address(0)) and addresses.holds(addresses.address(size - 1))
    assert not addresses.holds(addresses.address(size)) and not addresses.holds(str(addresses.network.network_address))


def test_ipv6_range_has_no_network_address_and_a_last_one() -> None:
    addresses = AddressRange("fd00::/120")
    assert (addresses.size, addresses.address(0), addresses.address(254)) == (255, "fd00::1", "fd00::ff")
    assert AddressRange("fd00::/48").holds("fd00::1:0:0:0") is True


@pytest.mark.parametrize(("size", "band"), [(16, 0), (17, 16), (2768, 86), (10000, 128)])
def test_bands_of_port_ranges(size: int, band: int) -> None:
    assert port_band(size) == band


@pytest.mark.parametrize("cidr", ["10.0.0.0/32", "10.0.0.1/24", "foo"])
def test_ranges_that_are_none(cidr: str) -> None:
    with pytest.raises(ValueError):
        AddressRange(cidr)


@pytest.mark.parametrize(("low", "high"), [(0, 10), (10, 9), (1, 65536)])
def test_port_ranges_that_are_none(low: int, high: int) -> None:
    with pytest.raises(ValueError, match="must lie within 1-65535"):
        PortRange(low, high)


@given(st.integers(1, 40), st.data())
def test_the_upper_band_is_used_up_first(size: int, data: st.DataObject) -> None:
    band = data.draw(st.integers(0, size))
    taken = data.draw(st.sets(st.integers(0, size - 1)))
    number = choose(size, band, lambda number: number not in taken, Random(0))
    free = set(range(size)) - taken
    upper = {number for number in free if number >= band}
    assert (number in (upper or free)) if free else number is None


def test_a_small_range_is_given_out_to_the_last_address() -> None:
    cluster = Cluster("10.0.0.0/24")
    addresses = [cluster.service(PORT.join("{}"), f"s{index}").spec.clusterIP for index in range(253)]
    assert len(set(addresses)) == 253
    last = [int(address.rpartition(".")[2]) for address in addresses]
    assert min(last[:238]) == 17  # the dynamic band
    assert sorted(last[238:]) == list(range(2, 17))  # the static band; .1 is the API's
    with pytest.raises(InternalError) as caught:
        cluster.service(PORT.join("{}"), "late")
    assert str(caught.value) == "Internal error occurred: failed to allocate a serviceIP: range is full"
    assert caught.value.status.code == 500


def test_node_ports_run_out() -> None:
    cluster = Cluster(node_ports=(30000, 30002))
    cluster.service("{type: NodePort, ports: [{name: a, port: 1}, {name: b, port: 2}]}", "a")
    with pytest.raises(InternalError) as caught:
        cluster.service("{type: NodePort, ports: [{name: a, port: 1}, {name: b, port: 2}]}", "b")
    assert str(caught.value) == "Internal error occurred: failed to allocate a nodePort: range is full"
    cluster.service("{type: NodePort, ports: [{port: 1}]}", "c")
    with pytest.raises(InternalError, match="failed to allocate a HealthCheck NodePort: range is full"):
        cluster.service(
            f"{{type: LoadBalancer, allocateLoadBalancerNodePorts: false, externalTrafficPolicy: Local, {PORT}}}", "d"
        )


def test_one_number_of_two_protocols_has_one_node_port(cluster: Cluster) -> None:
    ports = "ports: [{name: a, port: 53, protocol: UDP}, {name: b, port: 53, protocol: TCP}, {name: c, port: 80}]"
    spec = cluster.service(f"{{type: NodePort, {ports}}}").spec
    assert spec.ports[0].nodePort == spec.ports[1].nodePort != spec.ports[2].nodePort
    replaced = cluster.replace(f"{{type: NodePort, {ports}}}").spec
    assert replaced == spec


@pytest.mark.parametrize("order", [("", ", nodePort: 30053"), (", nodePort: 30053", "")])
def test_a_node_port_asked_for_by_one_protocol_serves_both(cluster: Cluster, order: tuple[str, str]) -> None:
    first, second = order
    ports = f"ports: [{{name: a, port: 53, protocol: UDP{first}}}, {{name: b, port: 53{second}}}]"
    spec = cluster.service(f"{{type: NodePort, {ports}}}").spec
    assert [port.nodePort for port in spec.ports] == [30053, 30053]


def test_two_protocols_may_ask_for_one_node_port_but_two_services_may_not(cluster: Cluster) -> None:
    ports = "ports: [{name: a, port: 1, nodePort: 30001}, {name: b, port: 2, protocol: UDP, nodePort: 30001}]"
    cluster.service(f"{{type: NodePort, {ports}}}")
    with pytest.raises(Invalid) as caught:
        cluster.service("{type: NodePort, ports: [{port: 1, protocol: SCTP, nodePort: 30001}]}", "other")
    error = "spec.ports[0].nodePort: Invalid value: 30001: provided port is already allocated"
    assert str(caught.value) == f'Service "other" is invalid: {error}'


def test_a_dry_run_takes_nothing(cluster: Cluster) -> None:
    manifest = {"metadata": {"name": "web"}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}}
    before = cluster.store.revision
    written = cluster.written(SERVICES, manifest, dry_run=True)
    assert Service.FromString(written.object).spec.ports[0].nodePort
    assert cluster.store.revision == before


def test_a_failed_update_takes_and_gives_nothing(cluster: Cluster) -> None:
    cluster.service(f"{{type: NodePort, {PORT}}}")
    before = cluster.allocations()
    with pytest.raises(Invalid):
        cluster.replace("{type: NodePort, ports: [{port: 0}, {name: b, port: 81}]}")
    assert cluster.allocations() == before


NAMES = st.sampled_from(["a", "b", "c"])
PORTS = st.lists(
    st.fixed_dictionaries(
        {"name": NAMES, "port": st.sampled_from([53, 80]), "protocol": st.sampled_from(["TCP", "UDP"])},
        optional={"nodePort": st.integers(30000, 30005)},
    ),
    min_size=1,
    max_size=3,
)
SPECS = st.fixed_dictionaries(
    {"ports": PORTS},
    optional={
        "type": st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]),
        "externalName": st.just("example.com"),
        "clusterIP": st.sampled_from(["None", "10.0.0.2", "10.0.0.3", "10.0.0.99"]),
        "ipFamilyPolicy": st.sampled_from(["SingleStack", "PreferDualStack", "RequireDualStack"]),
        "externalTrafficPolicy": st.sampled_from(["Cluster", "Local"]),
        "allocateLoadBalancerNodePorts": st.booleans(),
        "healthCheckNodePort": st.integers(30000, 30005),
        "selector": st.just({"app": "web"}),
    },
)
STEPS = st.lists(st.tuples(st.sampled_from(["create", "replace", "patch", "delete"]), NAMES, SPECS), max_size=12)


def step(cluster: Cluster, verb: str, name: str, spec: dict[str, Any]) -> None:
    manifest = {"metadata": {"name": name}, "spec": spec}
    if verb == "create":
        cluster.create(SERVICES, manifest)
    elif verb == "delete":
        cluster.delete(SERVICES, name)
    elif verb == "patch":
        cluster.patch(SERVICES, name, manifest)
    else:
        cluster.patch(SERVICES, name, {"spec": {"$patch": "replace", **spec}})


@given(STEPS)
@settings(max_examples=120, deadline=None)
def test_no_history_leaks_or_doubles_an_allocation(steps: list[tuple[str, str, dict[str, Any]]]) -> None:
    """After any steps, refused ones among them, every Service holds its keys and no key is held for nobody."""
    cluster = Cluster("10.0.0.0/29", "fd00::/125", node_ports=(30000, 30005))
    for verb, name, spec in steps:
        with suppress(StatusError):
            step(cluster, verb, name, spec)
        held: Counter[tuple[str, str]] = Counter()
        for item in cluster.store.list("/registry/services/"):
            service = Service.FromString(item.value)
            held.update((key, item.key) for key in held_keys(service))
            check_whole(service)
        assert set(held.values()) <= {1}
        assert dict(held) == {(item.key, item.value.decode()): 1 for item in cluster.store.list("/allocations/")}


def check_whole(service: Service) -> None:
    """What a stored Service must have by its type."""
    spec = service.spec
    if spec.type == "ExternalName":
        assert not spec.clusterIPs and not spec.ipFamilies
        return
    assert spec.clusterIP and spec.clusterIP == spec.clusterIPs[0]
    if spec.clusterIP != "None":
        assert len(spec.clusterIPs) == len(spec.ipFamilies)
    if spec.type == "NodePort":
        assert all(port.nodePort for port in spec.ports)
    if spec.type == "ClusterIP":
        assert not any(port.nodePort for port in spec.ports)
    needs_check = spec.type == "LoadBalancer" and spec.externalTrafficPolicy == "Local"
    assert bool(spec.healthCheckNodePort) == needs_check

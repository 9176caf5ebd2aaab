"""What the golden file does not show."""

from dataclasses import replace

import pytest

from node_agent.proxy.claims import Claim, Rank
from node_agent.proxy.elements import COMMENT_LIMIT, Compiler, ElementSets, Treatment
from node_agent.proxy.facts import Endpoint, ServiceName, ServicePort, ServicePortName
from node_agent.proxy.topology import Categorized
from tests.unit.proxy.objects import NODE, THERE
from tests.unit.proxy.test_topology import PORT

VIP = "198.51.100.1 . tcp . 80"


def compiled(port: ServicePort, count: int = 0, compiler: Compiler | None = None) -> ElementSets:
    endpoints = tuple(Endpoint(f"10.244.2.{n}", 8080, True, True, False, THERE) for n in range(count))
    claim = Claim(Rank.EXTERNAL, 0, port.name, VIP.split()[0])
    return (compiler or Compiler("ip", NODE)).elements(port, Categorized(endpoints, (), bool(endpoints)), {VIP: claim})


BALANCED = replace(PORT, load_balancer_ips=("198.51.100.1",))


@pytest.mark.parametrize(
    ("ranges", "allowed"),
    [
        ((), None),
        (("fd00::/8",), None),
        (("10.0.0.0/8", "10.1.0.0/16", "fd00::/8", ""), ["10.0.0.0/8"]),
        (("172.18.0.0/16",), ["172.18.0.0/16", "198.51.100.1/32"]),
        (("0.0.0.0/0",), ["0.0.0.0/0"]),
    ],
    ids=["none", "of the other family alone", "overlapping", "with this node", "everybody"],
)
def test_source_ranges(ranges: tuple[str, ...], allowed: list[str] | None) -> None:
    out = compiled(replace(BALANCED, source_ranges=ranges))
    assert ("firewalled" in out) is (allowed is not None)
    assert list(out.get("allowed-sources", {})) == [f"{VIP} . {network}" for network in allowed or ()]


def test_source_ranges_do_not_hold_for_external_addresses() -> None:
    port = replace(PORT, external_ips=("198.51.100.1",), source_ranges=("10.0.0.0/8",))
    assert "firewalled" not in compiled(port)


def test_a_long_name_is_cut_to_what_nft_takes() -> None:
    name = ServicePortName(ServiceName("n" * 63, "s" * 63), "p" * 63, "TCP")
    (found,) = compiled(replace(PORT, name=name))["services"]
    comment = found.partition(' comment "')[2].rstrip('"')
    assert len(comment) == COMMENT_LIMIT
    assert comment.endswith("...")


@pytest.mark.parametrize("seconds", [0, 1, 86400])
def test_numbers_of_treatments_are_unlike(seconds: int) -> None:
    found = {Treatment(count, seconds, short).number for count in (1, 2, 16383) for short in (False, True)}
    assert len(found) == 6
    assert all(0 < number < 0xFFFFFFFE for number in found)


def test_slots_stay_when_others_come_and_go() -> None:
    sticky = replace(PORT, affinity_seconds=60)
    few, many = compiled(sticky, 3)["endpoints"], compiled(sticky, 9)["endpoints"]
    assert few.items() <= many.items()
    assert len(set(many.values())) == 9


def test_treatments_are_collected() -> None:
    compiler = Compiler("ip", NODE)
    for count in (0, 3, 17, 3):
        compiled(PORT, count, compiler)
    assert compiler.treatments == {Treatment(3, 0), Treatment(17, 0)}

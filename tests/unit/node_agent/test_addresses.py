from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node_agent.network.addresses import NoFreeAddress, PodAddresses, next_free

NETWORKS = st.sampled_from(["10.244.3.0/24", "10.1.0.0/28", "fd00:1:2::/64", "10.0.0.240/29"])


@given(NETWORKS, st.lists(st.integers(0, 40), max_size=40), st.integers(-1, 40))
def test_a_new_address_is_free_and_inside(network: str, used: list[int], last: int) -> None:
    hosts = ip_network(network)
    taken = {str(hosts[number]) for number in used if number < hosts.num_addresses}
    before = str(hosts[last]) if 0 <= last < hosts.num_addresses else ""
    try:
        chosen = next_free(network, taken, before)
    except NoFreeAddress:
        free = {str(hosts[number]) for number in range(2, hosts.num_addresses - 1)} - taken
        assert not free
        return
    assert chosen not in taken
    assert ip_address(chosen) in hosts
    assert chosen not in (str(hosts[0]), str(hosts[1]), str(hosts[-1]))


@given(st.lists(st.booleans(), max_size=60))
def test_no_two_pods_share_an_address(starts: list[bool]) -> None:
    addresses = PodAddresses()
    held: dict[str, tuple[str, ...]] = {}
    for number, start in enumerate(starts):
        if start or not held:
            held[str(number)] = addresses.allocate(str(number), ("10.1.0.0/26", "fd00::/120"))
        else:
            uid = next(iter(held))
            addresses.release(uid)
            del held[uid]
    flat = [address for pair in held.values() for address in pair]
    assert len(flat) == len(set(flat))


def test_an_address_given_up_rests_while_others_are_free() -> None:
    addresses = PodAddresses()
    first = addresses.allocate("a", ("10.1.0.0/28",))
    addresses.release("a")
    assert addresses.allocate("b", ("10.1.0.0/28",)) != first


def test_a_full_network_says_so_and_reserves_nothing() -> None:
    addresses = PodAddresses()
    for number in range(5):
        addresses.allocate(str(number), ("10.1.0.0/29",))
    with pytest.raises(NoFreeAddress, match="10.1.0.0/29"):
        addresses.allocate("one more", ("10.1.0.0/29",))
    addresses.release("3")
    assert addresses.allocate("later", ("10.1.0.0/29",)) == ("10.1.0.5",)


def test_adopted_addresses_are_not_given_again() -> None:
    addresses = PodAddresses()
    addresses.reserve("old", ["10.1.0.2"])
    assert addresses.allocate("new", ("10.1.0.0/29",)) == ("10.1.0.3",)


def test_a_pod_keeps_the_address_that_it_is_known_by() -> None:
    addresses = PodAddresses()
    networks = ("10.1.0.0/28", "fd00::/120")
    assert addresses.allocate("a", networks, ["10.1.0.9", "fd00::9"]) == ("10.1.0.9", "fd00::9")
    assert addresses.allocate("b", networks, ["10.1.0.9", "10.2.0.9"])[0] not in ("10.1.0.9", "10.2.0.9")

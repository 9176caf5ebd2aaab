"""Addresses: given once, kept over crashes, freed, and refused with a reason."""

from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_controller.faults import AddressLost, CloudError, Fault
from cloud_controller.ledger import Ledger
from cloud_controller.pool import Pool
from cloud_controller.provider import Provider
from cloud_controller.request import LoadBalancerRequest

POOL = Pool.parse(["172.30.255.0/29", "fd00:30:ff::/125"])  # six and seven addresses
WEB = LoadBalancerRequest("default", "web", "uid-web", ("IPv4",), "vip", "", (), (), 0, False, "")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def provider(tmp_path: Path, clock: Clock) -> Provider:
    return Provider(POOL, Ledger.load(tmp_path / "ledger.json"), clock)


def test_an_address_is_chosen_once(provider: Provider) -> None:
    assert provider.ensure(WEB) == (ip_address("172.30.255.1"),)
    assert provider.ensure(WEB) == (ip_address("172.30.255.1"),)
    assert provider.ensure(replace(WEB, uid="other")) == (ip_address("172.30.255.2"),)


def test_two_families_get_an_address_each(provider: Provider) -> None:
    both = provider.ensure(replace(WEB, families=("IPv6", "IPv4")))
    assert both == (ip_address("fd00:30:ff::1"), ip_address("172.30.255.1"))
    assert provider.ensure(WEB) == (ip_address("172.30.255.1"),)


def test_a_wish_is_granted_or_refused(provider: Provider) -> None:
    assert provider.ensure(replace(WEB, wish="172.30.255.5")) == (ip_address("172.30.255.5"),)
    with pytest.raises(CloudError, match=r"172\.30\.255\.5 belongs to another Service"):
        provider.ensure(replace(WEB, uid="other", wish="172.30.255.5"))
    with pytest.raises(CloudError, match=r"10\.0\.0\.1 is not in the pool 172\.30\.255\.0/29, fd00:30:ff::/125"):
        provider.ensure(replace(WEB, uid="other", wish="10.0.0.1"))


def test_a_new_wish_moves_the_service(provider: Provider) -> None:
    provider.ensure(WEB)
    assert provider.ensure(replace(WEB, wish="172.30.255.6")) == (ip_address("172.30.255.6"),)


def test_an_exhausted_pool_serves_again_as_soon_as_an_address_is_free(provider: Provider) -> None:
    for number in range(6):
        provider.ensure(replace(WEB, uid=str(number)))
    with pytest.raises(CloudError, match="no free IPv4 address in the pool"):
        provider.ensure(WEB)
    provider.delete("3")
    assert provider.ensure(WEB) == (ip_address("172.30.255.4"),)


def test_a_crash_keeps_what_was_given(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "ledger.json"
    given_out = Provider(POOL, Ledger.load(path), clock).ensure(WEB)
    reborn = Provider(POOL, Ledger.load(path), clock)
    assert reborn.ensure(replace(WEB, uid="other")) != given_out
    assert reborn.ensure(WEB) == given_out
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_vanished_services_had_is_freed(provider: Provider) -> None:
    provider.ensure(WEB)
    provider.keep_only(set())
    assert provider.ensure(replace(WEB, uid="other")) == (ip_address("172.30.255.1"),)


@pytest.mark.parametrize(
    ("fault", "during", "after"),
    [
        ("slow=5", "the load balancer is still being provisioned", None),
        ("error=5s", "the cloud's API answered 503", None),
        ("quota", "quota exceeded", "quota exceeded"),
        ("nonsense", 'fault "nonsense": must be one of', 'fault "nonsense": must be one of'),
    ],
)
def test_faults_say_why(provider: Provider, clock: Clock, fault: str, during: str, after: str | None) -> None:
    request = replace(WEB, fault=fault)
    with pytest.raises(CloudError, match=during):
        provider.ensure(request)
    clock.now += 6
    if after is None:
        assert provider.ensure(request)
    else:
        with pytest.raises(CloudError, match=after):
            provider.ensure(request)


def test_an_address_changes_once_for_each_readdress(provider: Provider, clock: Clock) -> None:
    seen = [provider.ensure(WEB)]
    for fault in ("readdress=1", "readdress=2"):
        request = replace(WEB, fault=fault)
        for _ in range(2):
            with pytest.raises(AddressLost, match=f"{seen[-1][0]} was taken away, another address will be assigned"):
                provider.ensure(request)
        clock.now += 2.1
        seen.append(provider.ensure(request))
        assert seen[-1] != seen[-2]
        assert provider.ensure(request) == seen[-1]


def test_an_address_that_changes_comes_back_where_there_is_no_other(tmp_path: Path, clock: Clock) -> None:
    provider = Provider(Pool.parse(["172.30.255.1/32"]), Ledger.load(tmp_path / "ledger.json"), clock)
    first = provider.ensure(WEB)
    with pytest.raises(AddressLost):
        provider.ensure(replace(WEB, fault="readdress=1"))
    clock.now += 2.1
    assert provider.ensure(replace(WEB, fault="readdress=1")) == first


def test_an_address_is_not_freed_while_the_api_is_faulty(provider: Provider, clock: Clock) -> None:
    provider.ensure(WEB)
    clock.now += 100
    for _ in range(2):
        with pytest.raises(CloudError, match="503"):
            provider.delete(WEB.uid, "error=30")
    assert provider.ensure(replace(WEB, uid="other")) == (ip_address("172.30.255.2"),)
    clock.now += 31
    provider.delete(WEB.uid, "error=30")
    provider.set_fault("quota")
    provider.delete("other")  # a quota keeps nobody from giving something back
    provider.set_fault("")
    assert provider.ensure(replace(WEB, uid="third")) == (ip_address("172.30.255.1"),)


def test_a_fault_of_all_services_strikes_each_from_when_it_was_set(provider: Provider, clock: Clock) -> None:
    first = provider.ensure(WEB)
    clock.now += 100
    provider.set_fault("error=30")
    with pytest.raises(CloudError, match="503"):
        provider.ensure(WEB)
    clock.now += 31
    assert provider.ensure(WEB) == first
    provider.set_fault("readdress=1")
    with pytest.raises(AddressLost):
        provider.ensure(WEB)
    clock.now += 2.1
    assert provider.ensure(WEB) != first


def test_a_fault_lasts_from_when_it_was_first_seen(provider: Provider, clock: Clock) -> None:
    provider.ensure(WEB)
    clock.now += 100
    for _ in range(2):
        with pytest.raises(CloudError, match="503"):
            provider.ensure(replace(WEB, fault="error=30"))
        clock.now += 20
    assert provider.ensure(replace(WEB, fault="error=30"))


@given(st.text(max_size=20))
def test_any_fault_text_is_read_or_refused(text: str) -> None:
    try:
        Fault.parse(text)
    except ValueError as error:
        assert str(error).startswith("fault ")


STEPS = st.lists(st.tuples(st.sampled_from(["ensure", "delete", "crash"]), st.integers(0, 8)), max_size=40)


@settings(max_examples=40, deadline=None)  # each step waits for the disk
@given(steps=STEPS)
def test_no_address_is_ever_given_twice(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]) -> None:
    path = tmp_path_factory.mktemp("ledger") / "ledger.json"
    provider, held = Provider(POOL, Ledger.load(path), Clock()), dict[str, object]()
    for step, number in steps:
        uid = str(number)
        if step == "delete":
            provider.delete(uid)
            held.pop(uid, None)
        elif step == "crash":
            provider = Provider(POOL, Ledger.load(path), Clock())
        elif len(held) < 6 or uid in held:
            (address,) = provider.ensure(replace(WEB, uid=uid))
            assert held.setdefault(uid, address) == address
    assert len(set(held.values())) == len(held)

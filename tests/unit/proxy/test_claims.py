"""Two that claim one address."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from node_agent.proxy.claims import Claims, claims_of
from node_agent.proxy.facts import ServiceName, ServicePort, ServicePortName
from tests.unit.proxy.objects import NODE
from tests.unit.proxy.test_topology import PORT

SHARED = "192.0.2.1"
VIP = f"{SHARED} . tcp . 80"


def claimant(name: str, created: int = 0, ip: str = SHARED) -> ServicePort:
    owner = ServicePortName(ServiceName("default", name), "", "TCP")
    inside = f"10.96.1.{ord(name[0])}"
    return replace(PORT, name=owner, cluster_ips=(inside,), external_ips=(ip,), created=created)


def holder(claims: Claims, *ports: ServicePort) -> str:
    (found,) = (port.name.service.name for port in ports if VIP in claims.held(port.name))
    return found


def test_everything_that_a_port_answers_on() -> None:
    port = replace(PORT, node_port=30080, external_ips=(SHARED, ""), load_balancer_ips=(SHARED, "2001:db8::1"))
    assert list(claims_of(port, NODE)) == ["10.96.0.10 . tcp . 80", "172.18.0.2 . tcp . 30080", VIP]
    both = replace(port, cluster_ips=("10.96.0.10", "fd96::10"))
    assert list(claims_of(both, NODE)) == [
        "10.96.0.10 . tcp . 80",
        "fd96::10 . tcp . 80",
        "172.18.0.2 . tcp . 30080",
        "fd12::2 . tcp . 30080",
        VIP,
        "2001:db8::1 . tcp . 80",
    ]


def test_the_older_wins_and_the_younger_follows() -> None:
    claims, old, young = Claims(), claimant("old", 1), claimant("a-young", 2)
    assert claims.put(young.name, claims_of(young, NODE)) == set()
    assert claims.put(old.name, claims_of(old, NODE)) == {young.name}
    assert holder(claims, old, young) == "old"
    assert (claims.lost(young.name), claims.lost(old.name)) == ({VIP: old.name}, {})
    assert claims.put(old.name, {}) == {young.name}
    assert claims.lost(young.name) == {}
    assert holder(claims, young) == "a-young"


def test_of_one_age_the_first_name_wins() -> None:
    claims, b, a = Claims(), claimant("b"), claimant("a")
    for port in (b, a):
        claims.put(port.name, claims_of(port, NODE))
    assert holder(claims, a, b) == "a"


def test_a_cluster_ip_and_a_node_port_go_before() -> None:
    claims, outside = Claims(), claimant("a", 1, ip="10.96.0.10")
    inside = replace(claimant("b", 2), cluster_ips=("10.96.0.10",), external_ips=())
    for port in (outside, inside):
        claims.put(port.name, claims_of(port, NODE))
    assert list(claims.held(outside.name)) == ["10.96.1.97 . tcp . 80"]
    assert list(claims.held(inside.name)) == ["10.96.0.10 . tcp . 80"]


def test_what_stays_touches_nobody() -> None:
    claims, old, young = Claims(), claimant("old", 1), claimant("young", 2)
    for port in (old, young):
        claims.put(port.name, claims_of(port, NODE))
    assert claims.put(old.name, claims_of(old, NODE)) == set()


STEPS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([None, 1, 2, 3])), max_size=12)


@given(STEPS)
def test_the_way_there_does_not_matter(steps: list[tuple[str, int | None]]) -> None:
    """Everybody who is touched is told, and the end is that of the last claims alone."""
    claims, believed = Claims(), {}
    last = dict(steps)
    for name, created in steps:
        port = claimant(name, created or 0)
        touched = claims.put(port.name, claims_of(port, NODE) if created else {})
        for owner in touched | {port.name}:
            believed[owner] = claims.held(owner)
    fresh = Claims()
    for name, created in last.items():
        if created:
            fresh.put(claimant(name).name, claims_of(claimant(name, created), NODE))
    assert all(believed[claimant(name).name] == fresh.held(claimant(name).name) for name in last)

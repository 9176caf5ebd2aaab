from hypothesis import given
from hypothesis import strategies as st

from node_agent.network import links, requests
from node_agent.network.requests import attribute, attributes


@given(st.lists(st.tuples(st.integers(1, 0x3FFF), st.binary(max_size=40))))
def test_attributes_come_back(pairs: list[tuple[int, bytes]]) -> None:
    encoded = b"".join(attribute(kind, value) for kind, value in pairs)
    assert len(encoded) % 4 == 0
    assert list(attributes(encoded)) == pairs


@given(st.binary(max_size=64))
def test_broken_attributes_end_the_list(data: bytes) -> None:
    assert sum(len(value) for _, value in attributes(data)) <= len(data)


def test_a_request_carries_its_length() -> None:
    request = requests.link_up(7)
    encoded = request.encode(3, requests.NLM_F_ACK)
    assert int.from_bytes(encoded[:4], "little") == len(encoded) == 32


def test_a_route_without_a_way_is_unreachable() -> None:
    body = requests.Route("10.0.0.0/8").add().body
    assert body[7] == requests.RTN_UNREACHABLE
    assert requests.Route("10.0.0.0/8", gateway="1.2.3.4").add().body[7] == requests.RTN_UNICAST


def test_both_ends_of_a_link_know_each_other_for_ever() -> None:
    ends = links.Ends("veth1", 1, ["10.244.1.2", "fd00::2"], ["172.30.0.2", "fd30::2"], 1500)
    node = [request.subject for request in links.node_end(5, ends, links.pod_mac("10.244.1.2"))]
    pod = [request.subject for request in links.pod_end(2, ends)]
    assert node == ["route 10.244.1.2/32", "neighbour 10.244.1.2", "route fd00::2/128", "neighbour fd00::2"]
    assert "neighbour 169.254.1.1" in pod and "route 0.0.0.0/0" in pod
    assert "neighbour fe80::1" in pod and "route ::/0" in pod


def test_a_mac_tells_the_address() -> None:
    assert links.pod_mac("10.244.1.2") == "0a:58:0a:f4:01:02"

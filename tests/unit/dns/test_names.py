"""Names, and the names of a zone."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster_dns import names
from cluster_dns.names import ZoneNames

ZONE = ZoneNames(names.from_text("cluster.local."))


@pytest.mark.parametrize(
    ("text", "wire", "again"),
    [
        ("web.Default.", b"\3web\7default\0", "web.default."),
        ("web", b"\3web\0", "web."),
        ("", b"\0", "."),
        (".", b"\0", "."),
    ],
)
def test_texts_and_wire_forms(text: str, wire: bytes, again: str) -> None:
    assert names.from_text(text) == wire
    assert names.to_text(wire) == again


@pytest.mark.parametrize("text", ["a..b", ".a", "x" * 64, ".".join(["x" * 63] * 4), "ä.example"])
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(ValueError, match="label|name|ascii"):
        names.from_text(text)


def test_the_names_of_a_zone() -> None:
    assert names.to_text(ZONE.service("default", "web")) == "web.default.svc.cluster.local."
    assert names.to_text(ZONE.port("default", "web", "http", "TCP")) == "_http._tcp.web.default.svc.cluster.local."
    assert names.to_text(ZONE.endpoint("default", "web", "web-0")) == "web-0.web.default.svc.cluster.local."
    assert names.to_text(names.reverse(ip_address("10.96.0.7"))) == "7.0.96.10.in-addr.arpa."


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("10-0-0-2.default.pod.cluster.local", "10.0.0.2"),
        ("fd00--1.default.pod.cluster.local", "fd00::1"),
        ("1-2-3-4-5-6-7-8.default.pod.cluster.local", "1:2:3:4:5:6:7:8"),
        ("10-0-0.default.pod.cluster.local", None),
        ("web.default.pod.cluster.local", None),
        ("10-0-0-2.default.svc.cluster.local", None),
        ("10-0-0-2.x.default.pod.cluster.local", None),
        ("pod.cluster.local", None),
        ("cluster.local", None),
    ],
)
def test_pods_addresses(name: str, address: str | None) -> None:
    assert ZONE.pod_address(names.from_text(name)) == (ip_address(address) if address else None)


@given(st.ip_addresses())
def test_every_dashed_address_is_read_again(address: names.Address) -> None:
    name = ZONE.below(names.dashed(address), "default", "pod")
    assert ZONE.pod_address(name) == address


def test_a_label_that_looks_like_the_zone_is_not_within_it() -> None:
    inside, outside = b"\1a\7cluster\5local\0", b"\x0fx\7cluster\5local\0"
    assert names.is_within(inside, ZONE.apex)
    assert names.is_within(ZONE.apex, ZONE.apex)
    assert not names.is_within(outside, ZONE.apex)


def test_odd_bytes_are_escaped() -> None:
    assert names.to_text(b"\4a.\0\xff\0") == "a\\046\\000\\255."

"""What the overlay asks of the kernel."""

from node_agent.network.netlink import Netlink
from node_agent.network.overlay import OverlayRoutes, device_mac, first_address
from node_agent.network.requests import Request


class FakeNetlink(Netlink):
    """Keeps the subjects of what it is told; every link has index 7."""

    def __init__(self, present: list[tuple[str, str]] | None = None) -> None:
        self.present = present or []
        self.done: list[str] = []

    def run(self, requests: list[Request], *, ignore: tuple[int, ...] = ()) -> None:  # type: ignore[override]
        self.done += [f"{'-' if request.kind == 25 else '+'}{request.subject}" for request in requests]

    def index(self, name: str) -> int:
        return 7

    def routes(self, family: int, protocol: int) -> list[tuple[str, str]]:
        return self.present if family == 2 else []


def test_names_that_follow_from_addresses() -> None:
    assert device_mac("10.200.4.3") == "0e:56:0a:c8:04:03"
    assert device_mac("fd30::103") == "0e:56:00:00:01:03"
    assert first_address("10.244.1.0/24") == "10.244.1.0"


def test_another_node_is_a_forwarding_entry_a_neighbour_and_a_route() -> None:
    netlink = FakeNetlink()
    routes = OverlayRoutes(netlink, ("10.200.4.2",), 1500)
    assert netlink.done == ["+link svclab-vxlan"]
    netlink.done.clear()
    routes.apply({"10.244.0.0/24": "", "10.244.1.0/24": "10.200.4.3"})
    assert netlink.done == [
        *("+address 10.244.0.0/32", "+route 10.244.0.0/24"),
        *("+forwarding to 10.200.4.3", "+neighbour 10.244.1.0", "+route 10.244.1.0/24"),
    ]
    netlink.done.clear()
    routes.apply({"10.244.0.0/24": ""})
    assert netlink.done == ["-route 10.244.1.0/24"]


def test_what_an_earlier_agent_left_is_laid_again_or_removed() -> None:
    netlink = FakeNetlink([("10.244.1.0/24", "10.244.1.0"), ("10.244.9.0/24", "10.244.9.0")])
    OverlayRoutes(netlink, ("10.200.4.2", "fd30::2"), 1500).apply({"10.244.1.0/24": "10.200.4.3"})
    assert netlink.done[:2] == ["+link svclab-vxlan", "+link svclab-vxlan6"]
    assert netlink.done[2:] == [
        "-route 10.244.9.0/24",
        *("+forwarding to 10.200.4.3", "+neighbour 10.244.1.0", "+route 10.244.1.0/24"),
    ]

from node_agent.network.netlink import Netlink
from node_agent.network.requests import Request
from node_agent.network.routes import NodeRoutes, desired_routes
from protos.kubernetes import core_pb2, meta_pb2


def node(name: str, ips: list[str], cidrs: list[str]) -> core_pb2.Node:
    addresses = [core_pb2.NodeAddress(type="InternalIP", address=ip) for ip in ips]
    addresses.append(core_pb2.NodeAddress(type="Hostname", address=name))
    return core_pb2.Node(
        metadata=meta_pb2.ObjectMeta(name=name),
        spec=core_pb2.NodeSpec(podCIDR=cidrs[0] if cidrs else "", podCIDRs=cidrs),
        status=core_pb2.NodeStatus(addresses=addresses),
    )


ONE = node("one", ["172.30.0.2", "fd30::2"], ["10.244.0.0/24", "fd44:0::/64"])
TWO = node("two", ["172.30.0.3", "fd30::3"], ["10.244.1.0/24", "fd44:1::/64"])


def test_each_family_goes_through_the_address_of_its_own() -> None:
    routes = desired_routes("one", [ONE, TWO])
    assert routes["10.244.1.0/24"] == "172.30.0.3"
    assert routes["fd44:1::/64"] == "fd30::3"


def test_the_own_range_is_unreachable_where_no_pod_is() -> None:
    assert desired_routes("one", [ONE])["10.244.0.0/24"] == ""


def test_nodes_that_are_not_complete_yet_have_no_route() -> None:
    assert desired_routes("one", [node("x", [], ["10.244.9.0/24"]), node("y", ["172.30.0.9"], [])]) == {}


class FakeNetlink(Netlink):
    """Keeps what it is told; holds the routes of an earlier agent."""

    def __init__(self, present: list[tuple[str, str]]) -> None:
        self.present = present
        self.done: list[str] = []

    def run(self, requests: list[Request], *, ignore: tuple[int, ...] = ()) -> None:  # type: ignore[override]
        self.done += [f"{'+' if request.kind == 24 else '-'}{request.subject}" for request in requests]

    def routes(self, family: int, protocol: int) -> list[tuple[str, str]]:
        return self.present if family == 2 else []


def test_only_differences_are_applied_and_leftovers_removed() -> None:
    netlink = FakeNetlink([("10.244.1.0/24", "172.30.0.3"), ("10.244.7.0/24", "172.30.0.9")])
    routes = NodeRoutes(netlink)
    routes.apply({"10.244.1.0/24": "172.30.0.3", "10.244.2.0/24": "172.30.0.4"})
    assert netlink.done == ["-route 10.244.7.0/24", "+route 10.244.2.0/24"]
    netlink.done.clear()
    routes.apply({"10.244.1.0/24": "172.30.0.5", "10.244.2.0/24": "172.30.0.4"})
    assert netlink.done == ["+route 10.244.1.0/24"]

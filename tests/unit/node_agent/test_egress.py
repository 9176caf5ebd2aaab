"""Which packets of pods leave with their node's address."""

from node_agent.network.egress import TABLE, Egress, desired_table
from node_agent.nft.fake import FakeNft
from protos.kubernetes import core_pb2

CLUSTER = ("10.244.0.0/16", "fd00:10:244::/56")


def node(name: str, ips: list[str], cidrs: list[str]) -> core_pb2.Node:
    made = core_pb2.Node()
    made.metadata.name = name
    made.spec.podCIDRs.extend(cidrs)
    for ip in ips:
        made.status.addresses.add(type="InternalIP", address=ip)
    return made


ONE = node("one", ["10.0.0.2", "fd00::2"], ["10.244.0.0/24", "fd00:10:244::/64"])
TWO = node("two", ["10.0.0.3", "fd00::3"], ["10.244.1.0/24", "fd00:10:244:1::/64"])


def test_pods_keep_their_address_towards_pods_and_nodes() -> None:
    table = desired_table("ip", "one", [ONE, TWO], CLUSTER)
    assert table is not None
    assert table.elements == {
        "pods": {"10.244.0.0/24": ""},
        "inside": {"10.244.0.0/16": "", "10.0.0.2": "", "10.0.0.3": ""},
    }
    table = desired_table("ip6", "two", [ONE, TWO], CLUSTER)
    assert table is not None
    assert table.elements["pods"] == {"fd00:10:244:1::/64": ""}


def test_a_node_without_pods_of_a_family_has_no_table() -> None:
    assert desired_table("ip", "one", [TWO], CLUSTER) is None
    assert desired_table("ip6", "one", [node("one", ["10.0.0.2"], ["10.244.0.0/24"])], CLUSTER) is None


def test_nothing_is_written_twice() -> None:
    nft = FakeNft()
    egress = Egress(nft, "one", CLUSTER)
    egress.apply([ONE])
    egress.apply([ONE])
    assert len(nft.transactions) == 2  # one a family
    egress.apply([ONE, TWO])
    assert len(nft.transactions) == 4
    assert ("ip", TABLE) in nft.tables

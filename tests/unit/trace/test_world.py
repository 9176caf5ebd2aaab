"""What the model of a cluster says of its nodes."""

import pytest

from svclab.trace.world import Node

NODE = Node("node-1", ("172.18.0.2", "172.19.0.2", "fd12::2"))


@pytest.mark.parametrize(
    ("ranges", "answering"),
    [
        ((), ["172.18.0.2", "fd12::2"]),
        (("172.19.0.0/16",), ["172.19.0.2"]),
        (("0.0.0.0/0", "::/0"), ["172.18.0.2", "172.19.0.2", "fd12::2"]),
    ],
)
def test_where_node_ports_answer(ranges: tuple[str, ...], answering: list[str]) -> None:
    node = Node(NODE.name, NODE.addresses, node_port_ranges=ranges)
    assert [ip for ip in (*NODE.addresses, "172.19.9.9") if node.answers_node_ports(ip)] == answering

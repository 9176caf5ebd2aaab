from pathlib import Path

from node_agent.config import Config
from node_agent.registration import Machine, differs, new_node, node_status
from protos.kubernetes import core_pb2

CONFIG = Config("node-1", "unix:/x", ("172.30.0.2", "fd30::2"), Path("/tmp"), labels={"zone": "a"})
MACHINE = Machine(4, 8 << 30, "6.1", "Debian", "amd64", "m", "b")


def test_a_new_node_tells_what_a_kubelet_tells() -> None:
    node = new_node(CONFIG, MACHINE, 1000.0)
    assert node.metadata.labels["kubernetes.io/hostname"] == "node-1"
    assert node.metadata.labels["zone"] == "a"
    addresses = [(address.type, address.address) for address in node.status.addresses]
    assert addresses == [("InternalIP", "172.30.0.2"), ("InternalIP", "fd30::2"), ("Hostname", "node-1")]
    assert {condition.type: condition.status for condition in node.status.conditions} == {
        "MemoryPressure": "False",
        "DiskPressure": "False",
        "PIDPressure": "False",
        "Ready": "True",
    }
    assert node.status.allocatable["cpu"].string == "4"
    assert node.status.capacity["memory"].string == "8388608Ki"
    assert node.status.nodeInfo.kernelVersion == "6.1"


def test_a_heartbeat_alone_is_no_difference() -> None:
    first = node_status(core_pb2.NodeStatus(), CONFIG, MACHINE, 1000.0)
    second = node_status(first, CONFIG, MACHINE, 2000.0)
    assert not differs(first, second)
    assert second.conditions[0].lastTransitionTime.seconds == 1000
    assert second.conditions[0].lastHeartbeatTime.seconds == 2000


def test_a_node_that_was_given_up_comes_back() -> None:
    lost = node_status(core_pb2.NodeStatus(), CONFIG, MACHINE, 1000.0)
    for condition in lost.conditions:
        condition.status, condition.reason = "Unknown", "NodeStatusUnknown"
    back = node_status(lost, CONFIG, MACHINE, 2000.0)
    assert differs(lost, back)
    assert {one.lastTransitionTime.seconds for one in back.conditions} == {2000}


def test_conditions_of_others_are_kept() -> None:
    present = core_pb2.NodeStatus()
    present.conditions.add(type="NetworkUnavailable", status="False")
    assert node_status(present, CONFIG, MACHINE, 1000.0).conditions[0].type == "NetworkUnavailable"

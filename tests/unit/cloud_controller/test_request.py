"""What is read of a Service."""

import pytest

from cloud_controller.request import Mode, read
from protos.kubernetes import core_pb2


def service(mode: str = "", *node_ports: int) -> core_pb2.Service:
    found = core_pb2.Service()
    if mode:
        found.metadata.annotations["cloud.svclab.dev/mode"] = mode
    for number, node_port in enumerate(node_ports):
        found.spec.ports.add(port=80 + number, nodePort=node_port)
    return found


@pytest.mark.parametrize(
    ("annotation", "default", "mode"), [("", "vip", "vip"), ("", "proxy", "proxy"), ("vip", "proxy", "vip")]
)
def test_the_mode_is_the_services_or_the_clouds(annotation: str, default: Mode, mode: str) -> None:
    assert read(service(annotation, 30080), default).mode == mode


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match='annotation cloud.svclab.dev/mode: "bgp" is neither vip nor proxy'):
        read(service("bgp"), "vip")


def test_a_proxy_needs_node_ports_and_a_vip_does_not() -> None:
    assert read(service("vip", 30080, 0), "vip").ports[1].node_port == 0
    with pytest.raises(ValueError, match="mode proxy needs nodePorts: port 81 has none"):
        read(service("proxy", 30080, 0), "vip")

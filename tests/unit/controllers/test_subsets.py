"""From pods to the subsets of an Endpoints object."""

from itertools import permutations

from apiserver.controllers.endpoints.subsets import desired_subsets
from protos.kubernetes import core_pb2, meta_pb2

SERVICE = core_pb2.Service(metadata=meta_pb2.ObjectMeta(name="web", namespace="ns"))
SERVICE.spec.ports.add(name="http", protocol="TCP", port=80, targetPort=meta_pb2.IntOrString(intVal=8080))


def pod(name: str, address: str, *, ready: bool = True) -> core_pb2.Pod:
    found = core_pb2.Pod(metadata=meta_pb2.ObjectMeta(name=name, namespace="ns"))
    found.status.podIPs.add(ip=address)
    found.status.conditions.add(type="Ready", status=str(ready))
    return found


def test_addresses_stand_in_their_order_whatever_the_pods_are_called() -> None:
    pods = (
        pod("a", "10.244.2.2"),
        pod("b", "10.244.0.3"),
        pod("c", "10.244.1.9", ready=False),
        pod("d", "10.244.1.2", ready=False),
    )
    for order in permutations(pods):
        (subset,), truncated = desired_subsets(SERVICE, order)
        assert not truncated
        assert [address.ip for address in subset.addresses] == ["10.244.0.3", "10.244.2.2"]
        assert [address.ip for address in subset.notReadyAddresses] == ["10.244.1.2", "10.244.1.9"]
        assert [(port.name, port.port, port.protocol) for port in subset.ports] == [("http", 8080, "TCP")]

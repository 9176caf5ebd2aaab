"""Which changes of a Service a cloud acts upon, and what it tells of them."""

from collections.abc import Callable

import pytest

from cloud_controller.changes import UNTOLD, Note, change
from protos.kubernetes import core_pb2


def service() -> core_pb2.Service:
    found = core_pb2.Service()
    found.metadata.uid = "1"
    found.spec.type = "LoadBalancer"
    found.spec.ipFamilies.append("IPv4")
    found.spec.externalTrafficPolicy = "Cluster"
    for name, port in (("a", 80), ("b", 81)):
        found.spec.ports.add(name=name, port=port)
    found.spec.externalIPs.append("192.0.2.1")
    return found


def swap_ports(new: core_pb2.Service) -> None:
    new.spec.ports.reverse()


CASES: dict[str, tuple[Callable[[core_pb2.Service], object], Note | None]] = {
    "nothing": (lambda new: None, None),
    "status": (lambda new: new.status.loadBalancer.ingress.add(ip="192.0.2.9"), None),
    "order of ports": (swap_ports, None),
    "selector": (lambda new: new.spec.selector.update(app="x"), None),
    "type": (lambda new: setattr(new.spec, "type", "NodePort"), Note("Type", "LoadBalancer -> NodePort")),
    "class": (lambda new: setattr(new.spec, "loadBalancerClass", "x.dev/y"), UNTOLD),
    "source ranges": (
        lambda new: new.spec.loadBalancerSourceRanges.extend(["10.0.0.0/8", "10.0.0.0/9"]),
        Note("LoadBalancerSourceRanges", "[] -> [10.0.0.0/8 10.0.0.0/9]"),
    ),
    "port": (lambda new: setattr(new.spec.ports[0], "port", 8080), UNTOLD),
    "target port": (lambda new: setattr(new.spec.ports[0].targetPort, "intVal", 8080), UNTOLD),
    "affinity": (lambda new: setattr(new.spec, "sessionAffinity", "ClientIP"), UNTOLD),
    "wish": (
        lambda new: setattr(new.spec, "loadBalancerIP", "192.0.2.7"),
        Note("LoadbalancerIP", " -> 192.0.2.7"),
    ),
    "external IP more": (lambda new: new.spec.externalIPs.append("192.0.2.2"), Note("ExternalIP", "Count: 1 -> 2")),
    "external IP": (
        lambda new: new.spec.externalIPs.__setitem__(0, "192.0.2.3"),
        Note("ExternalIP", "Added: 192.0.2.3"),
    ),
    "annotation": (lambda new: new.metadata.annotations.update(a="b"), UNTOLD),
    "uid": (lambda new: setattr(new.metadata, "uid", "2"), Note("UID", "1 -> 2")),
    "policy": (
        lambda new: setattr(new.spec, "externalTrafficPolicy", "Local"),
        Note("ExternalTrafficPolicy", "Cluster -> Local"),
    ),
    "health check": (
        lambda new: setattr(new.spec, "healthCheckNodePort", 30000),
        Note("HealthCheckNodePort", "0 -> 30000"),
    ),
    "families": (lambda new: new.spec.ipFamilies.append("IPv6"), UNTOLD),
}


@pytest.mark.parametrize("case", CASES)
def test_a_change(case: str) -> None:
    edit, wanted = CASES[case]
    old, new = service(), service()
    edit(new)
    assert change(old, new, "") == wanted


def test_services_of_other_classes_are_nobodys_business() -> None:
    old, new = service(), service()
    new.spec.ports[0].port = 8080
    assert change(old, new, "x.dev/y") is None

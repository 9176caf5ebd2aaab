"""A small cluster for the tests of the model.

node-1   172.18.0.2  pods 10.244.1.0/24: client-1 .9, web-1 .1
node-2   172.18.0.3  pods 10.244.2.0/24: client-2 .9, web-2 .1
node-3   172.18.0.4  pods 10.244.3.0/24: client-3 .9
outside  172.18.0.253
"""

from collections.abc import Iterable, Mapping
from typing import Any

from protos.jsonform import from_json
from protos.kubernetes import core_pb2, discovery_pb2
from svclab.trace.question import Source, parse_source, parse_target
from svclab.trace.trace import Trace, predict
from svclab.trace.world import World, world

CLIENT_OUTSIDE = "172.18.0.253"
CLUSTER_IP, BALANCER_IP, EXTERNAL_IP = "10.96.0.10", "172.18.0.200", "198.51.100.7"
NODE_PORT = 30080
READY: dict[str, bool] = {"ready": True, "serving": True, "terminating": False}
UNREADY = {"ready": False, "serving": False, "terminating": False}
ENDING = {"ready": False, "serving": True, "terminating": True}
GONE = {"ready": False, "serving": False, "terminating": True}
ADDRESSES = {"web-1": "10.244.1.1", "web-2": "10.244.2.1", "web-3": "10.244.3.1"}


def node(number: int, zone: str = "", **labels: str) -> core_pb2.Node:
    found = core_pb2.Node()
    found.metadata.name = f"node-{number}"
    found.metadata.labels.update(labels | ({"topology.kubernetes.io/zone": zone} if zone else {}))
    found.spec.podCIDRs.append(f"10.244.{number}.0/24")
    found.status.addresses.add(type="InternalIP", address=f"172.18.0.{number + 1}")
    found.status.conditions.add(type="Ready", status="True")
    return found


def pod(name: str, number: int, last: int) -> core_pb2.Pod:
    found = core_pb2.Pod()
    found.metadata.namespace, found.metadata.name = "default", name
    found.spec.nodeName, found.spec.dnsPolicy = f"node-{number}", "ClusterFirst"
    found.status.phase, found.status.podIP = "Running", f"10.244.{number}.{last}"
    return found


NODES = tuple(node(number) for number in (1, 2, 3))
PODS = tuple(pod(f"client-{number}", number, 9) for number in (1, 2, 3)) + tuple(
    pod(f"web-{number}", number, 1) for number in (1, 2)
)


def service(name: str = "web", type: str = "ClusterIP", mode: str = "", **spec: Any) -> core_pb2.Service:
    """One port 80; of type NodePort and LoadBalancer with NODE_PORT, with a `mode` at BALANCER_IP."""
    node_port = {"nodePort": NODE_PORT} if type in ("NodePort", "LoadBalancer") else {}
    value = {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"type": type, "clusterIP": CLUSTER_IP, "ports": [{"port": 80, "protocol": "TCP"} | node_port]} | spec,
        "status": {"loadBalancer": {"ingress": [{"ip": BALANCER_IP, "ipMode": mode}] if mode else []}},
    }
    found: core_pb2.Service = from_json(core_pb2.Service, value)
    return found


def slice_of(
    conditions: Mapping[str, Mapping[str, bool]], name: str = "web", hints: Mapping[str, Any] | None = None
) -> discovery_pb2.EndpointSlice:
    """Endpoints web-N on node-N with port 8080."""
    value = {
        "metadata": {"name": f"{name}-1", "namespace": "default", "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "ports": [{"name": "", "port": 8080, "protocol": "TCP"}],
        "endpoints": [
            {
                "addresses": [ADDRESSES[pod_name]],
                "conditions": dict(state),
                "nodeName": pod_name.replace("web", "node"),
                "targetRef": {"kind": "Pod", "namespace": "default", "name": pod_name},
                "hints": (hints or {}).get(pod_name),
            }
            for pod_name, state in conditions.items()
        ],
    }
    found: discovery_pb2.EndpointSlice = from_json(discovery_pb2.EndpointSlice, value)
    return found


def scene(
    *services: core_pb2.Service,
    slices: Iterable[discovery_pb2.EndpointSlice] = (),
    nodes: Iterable[core_pb2.Node] = NODES,
) -> World:
    return world(services, slices, nodes, PODS, ("10.96.0.0/16",))


def source(facts: World, text: str) -> Source:
    return parse_source(facts, text, "default", (CLIENT_OUTSIDE,))


def trace(facts: World, sender: str, target: str) -> Trace:
    return predict(facts, source(facts, sender), parse_target(target), "default")

"""API objects for the tests of the proxy, and the one plan of addresses that all of them use.

node-1 (here, zone a)  172.18.0.2, fd12::2   pods 10.244.1.0/24, fd44:1::/64
node-2 (zone b)        172.18.0.3            pods 10.244.2.0/24
Services               10.96.0.0/16, fd96::/108
"""

from collections.abc import Sequence
from typing import Any

from node_agent.proxy.facts import NodeFacts
from protos.kubernetes import core_pb2, discovery_pb2

HERE, THERE = "node-1", "node-2"
RANGES = ("10.96.0.0/16", "fd96::/108")
NODE = NodeFacts(HERE, ("172.18.0.2", "fd12::2"), ("10.244.1.0/24", "fd44:1::/64"), zone="a")


def node(*addresses: str, name: str = HERE, zone: str = "a") -> core_pb2.Node:
    found = core_pb2.Node()
    found.metadata.name = name
    found.metadata.labels["topology.kubernetes.io/zone"] = zone
    found.spec.podCIDRs.extend(NODE.pod_cidrs)
    for address in addresses or NODE.addresses:
        found.status.addresses.add(type="InternalIP", address=address)
    return found


def service(name: str, cluster_ip: str | Sequence[str], *, port: int = 80, **fields: Any) -> core_pb2.Service:
    """`fields`: those of the spec, and nodePort, protocol, ingress, labels, created."""
    ips = [cluster_ip] if isinstance(cluster_ip, str) else list(cluster_ip)
    found = core_pb2.Service()
    found.metadata.namespace, found.metadata.name = "default", name
    found.metadata.creationTimestamp.seconds = fields.pop("created", 0)
    for key, value in fields.pop("labels", {}).items():
        found.metadata.labels[key] = value
    found.spec.clusterIP = ips[0]
    found.spec.clusterIPs.extend(ips)
    found.spec.ports.add(port=port, protocol=fields.pop("protocol", "TCP"), nodePort=fields.pop("nodePort", 0))
    for address in fields.pop("ingress", ()):
        found.status.loadBalancer.ingress.add(ip=address, ipMode="VIP")
    spec = core_pb2.ServiceSpec(type=fields.pop("type", "ClusterIP"), **fields)
    found.spec.MergeFrom(spec)
    return found


def slice_(service_name: str, *endpoints: discovery_pb2.Endpoint, number: int = 1, protocol: str = "TCP") -> Any:
    found = discovery_pb2.EndpointSlice(addressType="IPv4")
    found.metadata.namespace, found.metadata.name = "default", f"{service_name}-{number}"
    found.metadata.labels["kubernetes.io/service-name"] = service_name
    found.ports.add(port=8080, protocol=protocol, name="")
    found.endpoints.extend(endpoints)
    return found


def endpoint(
    ip: str, node_name: str = HERE, *, ready: bool = True, serving: bool = True, terminating: bool = False
) -> discovery_pb2.Endpoint:
    found = discovery_pb2.Endpoint(addresses=[ip], nodeName=node_name)
    found.conditions.ready, found.conditions.serving, found.conditions.terminating = ready, serving, terminating
    return found


def key(found: Any) -> tuple[str, str]:
    return (found.metadata.namespace, found.metadata.name)

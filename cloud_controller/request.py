"""What a Service asks of the cloud: the facts that decide its load balancer, and nothing else of it."""

from dataclasses import dataclass
from typing import Literal

from protos.kubernetes import core_pb2

CLEANUP_FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
PREFIX = "cloud.svclab.dev/"
MODE_ANNOTATION = PREFIX + "mode"  # vip or proxy
FAULT_ANNOTATION = PREFIX + "fault"  # see faults.py

Mode = Literal["vip", "proxy"]


@dataclass(frozen=True)
class Port:
    """One port of a load balancer; node_port is 0 where none was allocated."""

    protocol: str
    port: int
    node_port: int


@dataclass(frozen=True)
class LoadBalancerRequest:
    """One Service of type LoadBalancer, as the cloud sees it."""

    namespace: str
    name: str
    uid: str
    families: tuple[str, ...]
    mode: Mode
    wish: str  # spec.loadBalancerIP
    ports: tuple[Port, ...]
    source_ranges: tuple[str, ...]
    health_check_node_port: int  # 0: externalTrafficPolicy is not Local
    sticky: bool  # sessionAffinity ClientIP
    fault: str

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"


def wants_load_balancer(service: core_pb2.Service, load_balancer_class: str) -> bool:
    """Whether this cloud serves it; the class "" is the default cloud's, which takes Services without one."""
    return (
        service.spec.type == "LoadBalancer"
        and not service.metadata.HasField("deletionTimestamp")
        and service.spec.loadBalancerClass == load_balancer_class
    )


def needs_cleanup(service: core_pb2.Service, load_balancer_class: str) -> bool:
    """Whether a load balancer that once was there must go (spec.type changed, or the Service is being deleted).

    A change of the type clears the class, so that whose it was can only be asked of a Service that is being deleted.
    """
    if CLEANUP_FINALIZER not in service.metadata.finalizers:
        return False
    if service.spec.type != "LoadBalancer":
        return True
    return service.metadata.HasField("deletionTimestamp") and service.spec.loadBalancerClass == load_balancer_class


def read(service: core_pb2.Service, default_mode: Mode) -> LoadBalancerRequest:
    """Raises ValueError for what this cloud cannot do: an unknown mode, a proxy to nodePorts that are not there."""
    annotations = service.metadata.annotations
    mode = annotations.get(MODE_ANNOTATION) or default_mode
    if mode not in ("vip", "proxy"):
        raise ValueError(f'annotation {MODE_ANNOTATION}: "{mode}" is neither vip nor proxy')
    spec = service.spec
    without = next((port.port for port in spec.ports if not port.nodePort), 0)
    if mode == "proxy" and without:
        raise ValueError(f"mode proxy needs nodePorts: port {without} has none (spec.allocateLoadBalancerNodePorts)")
    return LoadBalancerRequest(
        namespace=service.metadata.namespace,
        name=service.metadata.name,
        uid=service.metadata.uid,
        families=tuple(spec.ipFamilies) or ("IPv4",),
        mode="vip" if mode == "vip" else "proxy",
        wish=spec.loadBalancerIP,
        ports=tuple(Port(port.protocol or "TCP", port.port, port.nodePort) for port in spec.ports),
        source_ranges=tuple(text.strip() for text in spec.loadBalancerSourceRanges),
        health_check_node_port=spec.healthCheckNodePort if spec.externalTrafficPolicy == "Local" else 0,
        sticky=spec.sessionAffinity == "ClientIP",
        fault=annotations.get(FAULT_ANNOTATION, ""),
    )

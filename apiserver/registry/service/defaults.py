"""What an unset field of a Service means; the same for every Service that is read or written."""

from apiserver.registry.service.facts import CLUSTER_IP, LOAD_BALANCER, NODE_PORT, is_externally_accessible
from protos.kubernetes.core_pb2 import Service, ServicePort

AFFINITY_TIMEOUT = 10800  # seconds


def set_defaults(service: Service) -> None:
    """Fills in unset fields."""
    spec = service.spec
    _default_affinity(service)
    if not spec.type:
        spec.type = CLUSTER_IP
    for port in spec.ports:
        _default_port(port)
    if not spec.externalTrafficPolicy and is_externally_accessible(service):
        spec.externalTrafficPolicy = "Cluster"
    if not spec.HasField("internalTrafficPolicy") and spec.type in (CLUSTER_IP, NODE_PORT, LOAD_BALANCER):
        spec.internalTrafficPolicy = "Cluster"
    if spec.type == LOAD_BALANCER:
        if not spec.HasField("allocateLoadBalancerNodePorts"):
            spec.allocateLoadBalancerNodePorts = True
        for ingress in service.status.loadBalancer.ingress:
            if ingress.ip and not ingress.HasField("ipMode"):
                ingress.ipMode = "VIP"


def _default_affinity(service: Service) -> None:
    spec = service.spec
    if not spec.sessionAffinity:
        spec.sessionAffinity = "None"
    if spec.sessionAffinity == "None":
        spec.ClearField("sessionAffinityConfig")
    elif spec.sessionAffinity == "ClientIP" and not spec.sessionAffinityConfig.clientIP.HasField("timeoutSeconds"):
        spec.sessionAffinityConfig.clientIP.timeoutSeconds = AFFINITY_TIMEOUT


def _default_port(port: ServicePort) -> None:
    if not port.protocol:
        port.protocol = "TCP"
    target = port.targetPort
    if (target.type == 0 and target.intVal == 0) or (target.type == 1 and not target.strVal):
        target.Clear()
        target.intVal = port.port

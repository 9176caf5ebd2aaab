"""What the proxy tells the users of Services: events with kube-proxy's reasons, where it has one."""

from collections.abc import Callable, Iterator

from node_agent.proxy.facts import ServiceName, ServicePortName
from protos.kubernetes import core_pb2

Warn = Callable[[core_pb2.Service, str, str], None]  # the Service, a reason, a text
Find = Callable[[str, str], core_pb2.Service | None]  # by namespace and name


class ProxyEvents:
    """Warnings about Services that this node cannot serve as they want it; of those that are gone none."""

    def __init__(self, warn: Warn, find: Find, node_name: str) -> None:
        self._warn = warn
        self._find = find
        self._node_name = node_name

    def health_port_failed(self, service: ServiceName, port: int, error: OSError) -> None:
        """A Service's healthCheckNodePort belongs to somebody else on this node."""
        reason = error.strerror or error
        text = f'node {self._node_name} failed to start healthcheck "{service}" on port {port}: {reason}'
        self._warn_of(service, "FailedToStartServiceHealthcheck", text)

    def contested(self, loser: ServicePortName, vip: str, holder: ServicePortName) -> None:
        """Another Service has more right to an address and port. Kubernetes leaves open what happens then."""
        ip, protocol, port = vip.split(" . ")
        shown = f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
        text = f"{shown}/{protocol.upper()} is claimed by Service {holder.service} too, which has it"
        self._warn_of(loser.service, "AddressConflict", text)

    def service_changed(self, old: core_pb2.Service | None, new: core_pb2.Service | None) -> None:
        """Tells of addresses that were not of a wrong family before."""
        if new is None:
            return
        known = set(misplaced(old)) if old is not None else set()
        for text in misplaced(new):
            if text not in known:
                self._warn(new, "KubeProxyIncorrectIPVersion", text)

    def _warn_of(self, service: ServiceName, reason: str, text: str) -> None:
        if (found := self._find(*service)) is not None:
            self._warn(found, reason, text)


def misplaced(service: core_pb2.Service) -> Iterator[str]:
    """Addresses of a family in which the Service has no ClusterIP, which therefore nobody serves."""
    spec = service.spec
    families = {":" in ip for ip in spec.clusterIPs if ip != "None"}
    if len(families) != 1:
        return
    ingress = [item.ip for item in service.status.loadBalancer.ingress if item.ip]
    for field, texts in (
        ("externalIPs", spec.externalIPs),
        ("loadBalancerSourceRanges", spec.loadBalancerSourceRanges),
        ("Load balancer ingress IPs", ingress),
    ):
        if wrong := [text for text in texts if (":" in text) not in families]:
            yield f"{','.join(wrong)} in {field} has incorrect IP version"

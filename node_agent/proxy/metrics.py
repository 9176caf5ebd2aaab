"""kube-proxy's metrics, under kube-proxy's names (k8s.io/kubernetes/pkg/proxy/metrics)."""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from node_agent.proxy.facts import ServicePortName
from node_agent.proxy.sync import Served

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SYNC_BUCKETS = [0.001 * 2**power for power in range(15)]
_PROGRAMMING_BUCKETS = [0.25, 0.5, *range(1, 60), *range(60, 120, 5), *range(120, 301, 30)]


class Metrics:
    """All of one proxy, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.sync = self._histogram("sync_proxy_rules_duration_seconds", "One pass to the kernel", _SYNC_BUCKETS)
        self.full_sync = self._histogram("sync_full_proxy_rules_duration_seconds", "A full pass", _SYNC_BUCKETS)
        self.partial_sync = self._histogram(
            "sync_partial_proxy_rules_duration_seconds", "A partial pass", _SYNC_BUCKETS
        )
        self.programming = self._histogram(
            "network_programming_duration_seconds", "From a change to the kernel's rules", _PROGRAMMING_BUCKETS
        )
        self.endpoint_pending = self._gauge("sync_proxy_rules_endpoint_changes_pending", "Endpoint changes to come")
        self.service_pending = self._gauge("sync_proxy_rules_service_changes_pending", "Service changes to come")
        self.endpoint_changes = self._counter("sync_proxy_rules_endpoint_changes", "Endpoint changes seen")
        self.service_changes = self._counter("sync_proxy_rules_service_changes", "Service changes seen")
        self.last_sync = self._gauge("sync_proxy_rules_last_timestamp_seconds", "When the last pass succeeded")
        self.last_queued = self._gauge(
            "sync_proxy_rules_last_queued_timestamp_seconds", "When a pass was asked for last"
        )
        self.no_local_endpoints = Gauge(
            "sync_proxy_rules_no_local_endpoints_total",
            "svc-ports with a Local policy and no endpoint here",
            ["traffic_policy"],
            namespace="kubeproxy",
            registry=self.registry,
        )
        self.failures = self._counter("sync_proxy_rules_nftables_sync_failures", "Passes that the kernel refused")
        self.healthz = self._coded("proxy_healthz", "Answers of /healthz")
        self.livez = self._coded("proxy_livez", "Answers of /livez")

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self.registry)

    def _histogram(self, name: str, text: str, buckets: list[float]) -> Histogram:
        return Histogram(name, text, namespace="kubeproxy", buckets=buckets, registry=self.registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, namespace="kubeproxy", registry=self.registry)

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(name, text, namespace="kubeproxy", registry=self.registry)

    def _coded(self, name: str, text: str) -> Counter:
        return Counter(name, text, ["code"], namespace="kubeproxy", registry=self.registry)


class WithoutLocal:
    """Counts the svc-ports of which a policy Local drops connections here that another node would serve."""

    def __init__(self, metrics: Metrics) -> None:
        self._gauge = metrics.no_local_endpoints
        self._ports: dict[str, set[ServicePortName]] = {"internal": set(), "external": set()}

    def committed(self, ports: Mapping[ServicePortName, Served], gone: Iterable[ServicePortName]) -> None:
        """What the kernel has now of these svc-ports."""
        for policy, without in self._ports.items():
            without.difference_update(ports, gone)
            without.update(name for name, served in ports.items() if _drops(policy, served))
            self._gauge.labels(policy).set(len(without))


def _drops(policy: str, served: Served) -> bool:
    port = served.port
    is_local = port.internal_local if policy == "internal" else port.external_local and port.externally_accessible
    return is_local and served.lacks_local

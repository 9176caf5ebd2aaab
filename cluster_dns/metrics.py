"""The server's counts in Prometheus' text, under CoreDNS' names."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate
from time import time

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from cluster_dns.responder import Responder
from cluster_dns.traffic import BUCKETS, Traffic

_ZONE, _VIEW = ".", ""  # labels of CoreDNS' server block; ours serves all names
_PROGRAMMING_BUCKETS = tuple(0.001 * 2**power for power in range(20))  # seconds


class Metrics(Collector):
    """Reads the counts when asked. `server` is the label that CoreDNS gives a listener, such as dns://:53."""

    def __init__(self, responder: Responder, traffics: Sequence[Traffic], server: str) -> None:
        self._responder = responder
        self._traffics = traffics
        self._server = server
        self._registry = CollectorRegistry()
        self._programming = Histogram(
            "coredns_kubernetes_dns_programming_duration_seconds",
            "Time it took to program a DNS instance, since the endpoints changed.",
            ["service_kind"],
            buckets=_PROGRAMMING_BUCKETS,
            registry=self._registry,
        )
        self._registry.register(self)

    def programmed(self, trigger_time: float) -> None:
        """A headless Service with a selector is served as its endpoints were at `trigger_time`.

        In seconds since 1970.
        """
        self._programming.labels("headless_with_selector").observe(max(0.0, time() - trigger_time))

    def text(self) -> str:
        return generate_latest(self._registry).decode()

    def collect(self) -> Iterator[Metric]:
        yield self._requests()
        yield self._responses()
        yield self._durations()
        yield from self._cache()
        rejects = CounterMetricFamily(
            "coredns_forward_max_concurrent_rejects", "Queries refused because too many were open."
        )
        rejects.add_metric([], self._responder.forwarder.rejected)
        yield rejects
        panics = CounterMetricFamily("coredns_panics", "Errors of the server itself.")
        panics.add_metric([], self._responder.panics)
        yield panics

    def _requests(self) -> Metric:
        family = CounterMetricFamily(
            "coredns_dns_requests",
            "DNS requests by type, protocol and family of addresses.",
            labels=["server", "zone", "view", "proto", "family", "type"],
        )
        for traffic in self._traffics:
            by_type: Counter[str] = Counter()
            for (rtype, _), count in traffic.served.items():
                by_type[rtype] += count
            for rtype, count in by_type.items():
                family.add_metric([self._server, _ZONE, _VIEW, traffic.proto, traffic.family, rtype], count)
        return family

    def _responses(self) -> Metric:
        family = CounterMetricFamily(
            "coredns_dns_responses",
            "DNS responses by their code.",
            labels=["server", "zone", "view", "rcode", "plugin"],
        )
        by_rcode: Counter[str] = Counter()
        for traffic in self._traffics:
            for (_, rcode), count in traffic.served.items():
                by_rcode[rcode] += count
        for rcode, count in by_rcode.items():
            family.add_metric([self._server, _ZONE, _VIEW, rcode, ""], count)
        return family

    def _durations(self) -> Metric:
        family = HistogramMetricFamily(
            "coredns_dns_request_duration_seconds", "Time that each request took.", labels=["server", "zone", "view"]
        )
        counts = [sum(column) for column in zip(*(traffic.durations for traffic in self._traffics), strict=True)]
        bounds = [*map(str, BUCKETS), "+Inf"]
        buckets = list(zip(bounds, accumulate(counts), strict=True))
        family.add_metric([self._server, _ZONE, _VIEW], buckets, sum(traffic.seconds for traffic in self._traffics))
        return family

    def _cache(self) -> Iterator[Metric]:
        cache, labels = self._responder.forwarder.cache, ["server", "type", "zones", "view"]
        entries = GaugeMetricFamily("coredns_cache_entries", "Replies in the cache.", labels=labels)
        hits = CounterMetricFamily("coredns_cache_hits", "Answers from the cache.", labels=labels)
        misses = CounterMetricFamily(
            "coredns_cache_misses", "Questions that the cache did not know.", labels=["server", "zones", "view"]
        )
        for kind, count in cache.sizes().items():
            entries.add_metric([self._server, kind, _ZONE, _VIEW], count)
        for kind, count in cache.hits.items():
            hits.add_metric([self._server, kind, _ZONE, _VIEW], count)
        misses.add_metric([self._server, _ZONE, _VIEW], cache.misses)
        return iter((entries, hits, misses))

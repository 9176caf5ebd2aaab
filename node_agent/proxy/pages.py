"""The proxy's own pages over HTTP: its metrics, and whether it is healthy. A port that is taken is a log line."""

import logging
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from functools import partial

from node_agent.proxy.changes import Changes
from node_agent.proxy.config import ProxyConfig
from node_agent.proxy.health import ProxyHealth
from node_agent.proxy.http import Answer, serve
from node_agent.proxy.metrics import CONTENT_TYPE, Metrics

log = logging.getLogger(__name__)


@asynccontextmanager
async def pages(config: ProxyConfig, metrics: Metrics, health: ProxyHealth, changes: Changes) -> AsyncIterator[None]:
    """Serves them for as long as the context lasts."""
    shown = (
        (partial(_metrics, metrics, changes), [config.metrics_address], config.metrics_port),
        (health.answer, None, config.healthz_port),
    )
    with ExitStack() as servers:
        for handler, addresses, port in shown:
            try:
                servers.callback((await serve(handler, addresses, port)).close)
            except OSError as error:
                log.error("cannot listen", extra={"port": port, "error": str(error)})
        yield


def _metrics(metrics: Metrics, changes: Changes, path: str) -> Answer:
    if path != "/metrics":
        return Answer(404, "text/plain", b"404 page not found\n")
    metrics.service_pending.set(changes.pending_services)
    metrics.endpoint_pending.set(changes.pending_slices)
    return Answer(200, CONTENT_TYPE, metrics.text())

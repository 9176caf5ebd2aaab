"""What load balancers ask a node: is its proxy well (:10256), and does a Service have endpoints here (its own port)."""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial

from node_agent.proxy.facts import ServiceName
from node_agent.proxy.http import Answer, serve
from node_agent.proxy.metrics import Metrics

TIMEOUT = 60.0  # seconds that a change may wait for the kernel before the proxy counts as ill: twice the sync period
RETRY = 5.0  # seconds between two tries to listen on a port that somebody else has

log = logging.getLogger(__name__)


class ProxyHealth:
    """/healthz and /livez of the proxy. `clock`: seconds since the epoch."""

    def __init__(self, metrics: Metrics, clock: Callable[[], float]) -> None:
        self._metrics = metrics
        self._clock = clock
        self._updated = clock()
        self._pending_since: float | None = clock()  # nothing was written yet
        self.node_eligible = True

    def queued(self) -> None:
        """A change waits for the kernel."""
        if self._pending_since is None:
            self._pending_since = self._clock()

    def updated(self) -> None:
        """Nothing waits any more."""
        self._updated, self._pending_since = self._clock(), None

    @property
    def is_healthy(self) -> bool:
        return self._pending_since is None or self._clock() - self._pending_since < TIMEOUT

    def answer(self, path: str) -> Answer:
        if path == "/healthz":
            well = self.is_healthy and self.node_eligible
            self._metrics.healthz.labels(str(_status(well))).inc()
            return self._report(well, {"nodeEligible": self.node_eligible})
        if path == "/livez":
            self._metrics.livez.labels(str(_status(self.is_healthy))).inc()
            return self._report(self.is_healthy, {})
        return Answer(404, "text/plain", b"404 page not found\n")

    def _report(self, well: bool, more: Mapping[str, bool]) -> Answer:
        report = {"lastUpdated": _instant(self._updated), "currentTime": _instant(self._clock()), **more}
        return Answer(_status(well), "application/json", json.dumps(report).encode())


class ServiceHealth:
    """Listeners for each Service with a healthCheckNodePort, one an address: what serves one family says nothing of the
    other."""

    def __init__(self, proxy: ProxyHealth, failed: Callable[[ServiceName, int, OSError], None]) -> None:
        self._proxy = proxy
        self._failed = failed
        self._listeners: dict[ServiceName, tuple[int, list[str], asyncio.Task[None]]] = {}
        self._local: dict[ServiceName, Mapping[str, int]] = {}

    def expose(self, service: ServiceName, port: int, local: Mapping[str, int]) -> None:
        """From now on `port` (0: none) of these addresses tells how many endpoints of its family the Service has here.

        Needs a running loop.
        """
        self._local[service] = local
        current = self._listeners.get(service)
        if current is not None and current[:2] == (port, [*local]):
            return
        if current is not None:
            current[2].cancel()
            del self._listeners[service]
        if port and local:
            task = asyncio.create_task(self._listen(service, port, [*local]))
            self._listeners[service] = (port, [*local], task)
        else:
            del self._local[service]

    def services(self) -> set[ServiceName]:
        return set(self._listeners)

    def close(self) -> None:
        for _, _, task in self._listeners.values():
            task.cancel()

    async def _listen(self, service: ServiceName, port: int, addresses: list[str]) -> None:
        while True:
            try:
                async with AsyncExitStack() as servers:
                    for address in addresses:
                        answer = partial(self._answer, service, address)
                        await servers.enter_async_context(await serve(answer, [address], port))
                    await asyncio.Event().wait()  # until cancelled
            except OSError as error:
                self._failed(service, port, error)
                await asyncio.sleep(RETRY)

    def _answer(self, service: ServiceName, address: str, _path: str) -> Answer:
        local, healthy = self._local.get(service, {}).get(address, 0), self._proxy.is_healthy
        body = {
            "service": {"namespace": service.namespace, "name": service.name},
            "localEndpoints": local,
            "serviceProxyHealthy": healthy,
        }
        headers = (("X-Content-Type-Options", "nosniff"), ("X-Load-Balancing-Endpoint-Weight", str(local)))
        text = json.dumps(body, indent="\t").encode()
        return Answer(_status(local > 0 and healthy), "application/json", text, headers)


def _status(well: bool) -> int:
    return 200 if well else 503


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")

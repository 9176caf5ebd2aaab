"""The proxy of one node: takes in what informers see, and makes kernel, conntrack and health ports match it."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from node_agent.conntrack.flows import Conntrack
from node_agent.nft.kernel import Nft, NftError
from node_agent.proxy import reading
from node_agent.proxy.changes import Changes
from node_agent.proxy.config import ProxyConfig
from node_agent.proxy.conntrack import StaleFlows
from node_agent.proxy.contests import Contests
from node_agent.proxy.facts import NodeFacts, ServiceName, ServicePortName
from node_agent.proxy.health import ProxyHealth, ServiceHealth
from node_agent.proxy.metrics import Metrics, WithoutLocal
from node_agent.proxy.pages import pages
from node_agent.proxy.sync import Outcome, Sync
from protos.kubernetes import core_pb2, discovery_pb2

FIRST_RETRY, LONGEST_RETRY = 0.5, 30.0  # seconds after a pass that failed
FULL_SYNC_PERIOD = 3600.0  # seconds: heals what somebody else did to the tables
INLINE_CHANGES = 50  # Services; a larger pass works in a thread, so that the node goes on meanwhile

log = logging.getLogger(__name__)


class Proxier:
    """Feed it with `service_changed`, `slice_changed` and `node_changed`; say `synced()` once all is in; `run()` it.

    Before `synced()` nothing is written: rules that an earlier run left go on forwarding until they can be replaced
    as a whole. `failed` is told of a health check port that cannot be had, `contested` of a svc-port that claims an
    address as which another answers, and who that is. `local_addresses()`: the machine's own, which are asked for with
    `node_port_addresses` alone; say `addresses_changed()` when they are others.
    """

    def __init__(
        self,
        nft: Nft,
        conntrack: Conntrack,
        config: ProxyConfig,
        *,
        clock: Callable[[], float] = time.time,
        failed: Callable[[ServiceName, int, OSError], None] = lambda service, port, error: None,
        contested: Callable[[ServicePortName, str, ServicePortName], None] = lambda loser, vip, holder: None,
        local_addresses: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self.metrics = Metrics()
        self.health = ProxyHealth(self.metrics, clock)
        self._config = config
        self._clock = clock
        self._node = NodeFacts(config.node_name)
        self._node_seen: core_pb2.Node | None = None
        self._local_addresses = local_addresses
        self._changes = Changes()
        self._sync = Sync(self._changes, nft, config.service_ranges)
        self._stale_flows = StaleFlows(conntrack)
        self._contests = Contests(contested)
        self._service_health = ServiceHealth(self.health, failed)
        self._synced = asyncio.Event()
        self._wake = asyncio.Event()
        self._needs_full_pass = True
        self._is_writing = False
        self._full_pass_at = 0.0  # in the loop's time
        self._began = clock()
        self._triggers: list[float] = []  # when what is not written yet happened
        self._without_local = WithoutLocal(self.metrics)

    def service_changed(self, key: tuple[str, str], service: core_pb2.Service | None) -> None:
        found = reading.service_facts(service) if service is not None else None
        self._changes.put_service(ServiceName(*key), found)
        self.metrics.service_changes.inc()
        self._queue()

    def slice_changed(self, key: tuple[str, str], slice_: discovery_pb2.EndpointSlice | None) -> None:
        found = reading.slice_facts(slice_) if slice_ is not None else None
        self._changes.put_slice(key, found)
        happened = reading.trigger_time(slice_) if slice_ is not None else None
        if happened is not None and happened > self._began:
            self._triggers.append(happened)
        self.metrics.endpoint_changes.inc()
        self._queue()

    def node_changed(self, node: core_pb2.Node) -> None:
        """This node; a change of its addresses, ranges or zone touches every rule."""
        self._node_seen = node
        ranges = self._config.node_port_addresses
        found = reading.node_facts(node, ranges, tuple(self._local_addresses()) if ranges else ())
        found = replace(found, masquerade_all=self._config.masquerade_all)
        if found.topology != self._node.topology:
            self._needs_full_pass = True
            self._queue()
        self._node = found
        self.health.node_eligible = not found.is_leaving

    def addresses_changed(self) -> None:
        """This machine has other addresses: with `node_port_addresses` node ports may answer on others."""
        if self._node_seen is not None:
            self.node_changed(self._node_seen)

    def synced(self) -> None:
        """Services, slices and the node have been listed once."""
        self._synced.set()
        self._wake.set()

    @property
    def is_current(self) -> bool:
        """Whether the kernel has everything that was seen."""
        return self._sync.trusts_the_kernel and not self._is_writing and not self._waits

    @property
    def _waits(self) -> bool:
        """Whether there is something for the next pass."""
        return self._needs_full_pass or self._changes.pending > 0

    async def run(self) -> None:
        """Works until cancelled; the rules stay in the kernel, so that another run can take over without a gap."""
        forgetting = asyncio.create_task(self._stale_flows.run())
        try:
            async with pages(self._config, self.metrics, self.health, self._changes):
                await self._synced.wait()
                await self._work()
        finally:
            forgetting.cancel()
            self._service_health.close()

    async def _work(self) -> None:
        retry = FIRST_RETRY
        while True:
            if await self._pass():
                retry = FIRST_RETRY
                await self._woken()
            else:
                await asyncio.sleep(retry)
                retry = min(retry * 2, LONGEST_RETRY)

    def _queue(self) -> None:
        self.metrics.last_queued.set(self._clock())
        self.health.queued()
        self._wake.set()

    async def _woken(self) -> None:
        """Until something changes, or it is time for a full pass."""
        try:
            async with asyncio.timeout_at(self._full_pass_at):
                await self._wake.wait()
        except TimeoutError:
            self._needs_full_pass = True

    async def _pass(self) -> bool:
        """One pass; False: the kernel refused it, and the next one is full."""
        self._wake.clear()
        began = time.perf_counter()
        full = self._needs_full_pass or not self._sync.trusts_the_kernel
        self._needs_full_pass, self._is_writing = False, True
        try:
            outcome = await self._to_kernel(full)
        except NftError as error:
            self.metrics.failures.inc()
            log.error("rules not written", extra={"error": str(error), "full": full})
            return False
        finally:
            self._is_writing = False
        if full:
            self._full_pass_at = asyncio.get_running_loop().time() + FULL_SYNC_PERIOD
        self._measure(full, time.perf_counter() - began)
        log.debug("rules written", extra={"full": full, "ports": len(outcome.ports)})
        self._committed(outcome)
        return True

    async def _to_kernel(self, full: bool) -> Outcome:
        """What a pass reads only changes here, so that events may come while it works in a thread."""
        changed = self._changes.drain()
        work = partial(self._sync.full, self._node) if full else partial(self._sync.partial, changed)
        if len(self._changes.services() if full else changed) < INLINE_CHANGES:
            return work()
        return await asyncio.to_thread(work)

    def _measure(self, full: bool, took: float) -> None:
        (self.metrics.full_sync if full else self.metrics.partial_sync).observe(took)
        self.metrics.sync.observe(took)
        now = self._clock()
        self.metrics.last_sync.set(now)
        if not self._waits:
            self.health.updated()
            for happened in self._triggers:
                self.metrics.programming.observe(max(0.0, now - happened))
            self._triggers.clear()

    def _committed(self, outcome: Outcome) -> None:
        """What follows a commit: health ports, gauges, events, and UDP flows that point to nobody."""
        self._stale_flows.committed(outcome.ports, outcome.gone)
        self._without_local.committed(outcome.ports, outcome.gone)
        self._contests.committed(outcome.ports, outcome.gone)
        for service in {name.service for name in (*outcome.ports, *outcome.gone)}:
            self._expose_health(service)

    def _expose_health(self, service: ServiceName) -> None:
        found = self._changes.service(service)
        port = found.health_check_node_port if found else 0
        if not port and service not in self._service_health.services():
            return
        local = {
            endpoint.ip
            for service_port in self._changes.ports(service)
            for endpoint in self._changes.endpoints(service_port.name)
            if endpoint.ready and endpoint.node == self._node.name
        }
        count = {v6: sum((":" in ip) == v6 for ip in local) for v6 in (False, True)}
        self._service_health.expose(service, port, {address: count[":" in address] for address in self._node.addresses})

"""The external load balancer: keeps links, health checks and the tables equal to what is provisioned."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from cloud_controller import flows
from cloud_controller.backends import Backend
from cloud_controller.balancing import LoadBalancer, table
from cloud_controller.config import Cadence
from cloud_controller.health import Check, HealthChecks
from cloud_controller.links import Links
from cloud_controller.pool import Address
from cloud_controller.request import LoadBalancerRequest
from cloud_controller.rules import CONNECTIONS, Family
from node_agent.conntrack.flows import Conntrack
from node_agent.nft.kernel import Nft, NftError
from node_agent.nft.objects import Table
from node_agent.nft.transaction import RefillTable, ReplaceTable, Transaction

FAMILIES: tuple[Family, ...] = ("ip", "ip6")
RETRY = 1.0  # seconds

log = logging.getLogger(__name__)

Provisioned = Iterable[tuple[LoadBalancerRequest, tuple[Address, ...]]]


class Balancer:
    """Call `wake()` after every change of what `provisioned()` and `nodes()` return; `run()` does the rest."""

    def __init__(
        self,
        nft: Nft,
        conntrack: Conntrack,
        links: Links,
        provisioned: Callable[[], Provisioned],
        nodes: Callable[[], tuple[Backend, ...]],
        cadence: Cadence,
        proxy_health_port: int,
        show: Callable[[list[LoadBalancer]], None] = lambda balancers: None,
    ) -> None:
        self._nft = nft
        self._conntrack = conntrack
        self._links = links
        self._provisioned = provisioned
        self._nodes = nodes
        self._proxy_health_port = proxy_health_port
        self._show = show
        self._is_set_up = False
        self._changed = asyncio.Event()
        self._health = HealthChecks(cadence, self.wake)
        self._applied: dict[Family, Table] = {}
        self._behind: flows.Behind | None = None

    def wake(self) -> None:
        self._changed.set()

    async def run(self) -> None:
        """Works until cancelled. What it made stays, and the next run takes it over without a gap."""
        self._changed.set()
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                try:
                    await self._pass()
                except (NftError, OSError) as error:
                    log.error("load balancers not written", extra={"error": str(error)})
                    self._changed.set()
                    await asyncio.sleep(RETRY)
        finally:
            await self._health.stop()

    async def _pass(self) -> None:
        nodes = self._nodes()
        wanted = [
            (request, address, self._checks(request, address, nodes))
            for request, addresses in self._provisioned()
            for address in addresses
        ]
        self._health.watch({check for _, _, checks in wanted for check in checks})
        if not self._applied:  # what an earlier run left goes on until it is known who is healthy
            await self._health.probed()
        balancers = [self._balancer(*row) for row in wanted]
        if not self._is_set_up and (balancers or self._links.are_there()):  # most clusters never get here
            await asyncio.to_thread(self._links.set_up)
            self._is_set_up = True
        await asyncio.to_thread(self._links.reach, nodes if balancers else ())
        self._write(balancers)
        await asyncio.to_thread(self._forget_stale_flows, flows.behind(balancers))
        await asyncio.to_thread(self._links.answer_for, {balancer.address for balancer in balancers})
        self._show(balancers)

    def _forget_stale_flows(self, behind: flows.Behind) -> None:
        """After the tables are written, or the next datagram would make the same flow again; also what an earlier run
        left."""
        if behind == self._behind or not self._is_set_up:
            return
        try:
            self._conntrack.delete(flows.stale(self._conntrack.udp_flows(), behind))
        except OSError as error:
            log.warning("stale UDP flows not forgotten", extra={"error": str(error)})
        else:
            self._behind = behind

    def _checks(
        self, request: LoadBalancerRequest, address: Address, nodes: tuple[Backend, ...]
    ) -> dict[Check, Backend]:
        """The Local policy asks the Service's own port, everything else the node's proxy."""
        port = request.health_check_node_port or self._proxy_health_port
        return {Check(ip, port): node for node in nodes if (ip := node.address(address.version))}

    def _balancer(self, request: LoadBalancerRequest, address: Address, checks: dict[Check, Backend]) -> LoadBalancer:
        healthy = tuple(node for check, node in checks.items() if self._health.is_healthy(check))
        return LoadBalancer(request, address, healthy, tuple(checks.values()))

    def _write(self, balancers: list[LoadBalancer]) -> None:
        """A cloud has few load balancers: the whole table is written, where it is another one."""
        for family in FAMILIES:
            desired = table(family, balancers)
            if self._applied.get(family) != desired:
                self._applied.pop(family, None)
                self._refill(desired)
                self._applied[family] = desired

    def _refill(self, desired: Table) -> None:
        """Connections stay on their nodes, unless another release of this program left the table."""
        try:
            self._nft.run(Transaction([RefillTable(desired, kept=(CONNECTIONS,))]))
        except NftError as error:
            log.info("table made anew", extra={"error": str(error)})
            self._nft.run(Transaction([ReplaceTable(desired)]))

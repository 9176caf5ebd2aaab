"""Builds a node out of its parts and runs it until it is told to stop. Pods and rules stay for the next run."""

import asyncio
import logging
import signal
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from node_agent import syscalls
from node_agent.config import Config
from node_agent.connection import connection
from node_agent.heartbeat import Heartbeat
from node_agent.network import address_watch, relay
from node_agent.network.egress import Egress
from node_agent.network.netlink import Netlink
from node_agent.network.overlay import OVERHEAD, OverlayRoutes
from node_agent.network.peers import Peers
from node_agent.network.routes import NodeRoutes
from node_agent.nft.kernel import KernelNft, NftError
from node_agent.pods.connection import ShimError
from node_agent.pods.pods import Pods
from node_agent.pods.sandbox import NodeNetwork, node_resolver
from node_agent.pods.spawner import Spawner
from node_agent.pods.state import Surroundings
from node_agent.proxy.conntrack_kernel import KernelConntrack
from node_agent.proxy.events import ProxyEvents
from node_agent.proxy.proxier import Proxier, ProxyConfig
from node_agent.shim import namespaces
from node_agent.streams.server import StreamServer
from protos import kinds
from protos.kubernetes import core_pb2, discovery_pb2
from svclab.client import Client, EventRecorder, Informer, Key
from svclab.client.errors import ApiError
from svclab.client.log_lines import write_to_stderr

UPLINK = "eth0"
SYSCTLS = {
    "net.ipv4.ip_forward": "1",
    "net.ipv4.icmp_ratelimit": "0",  # every refused connection is told so
}
# Of all links, those to come (the pods') and the one that is there: packets may come one way and go another.
SYSCTLS |= {f"net.ipv4.conf.{link}.rp_filter": "0" for link in ("all", "default", UPLINK)}
SYSCTLS |= {f"net.ipv4.conf.{link}.send_redirects": "0" for link in ("all", "default", UPLINK)}
SYSCTLS_V6 = {"net.ipv6.conf.all.forwarding": "1", "net.ipv6.icmp.ratelimit": "0"}
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

log = logging.getLogger(__name__)


def run(config: Config) -> int:
    """Works until SIGTERM or SIGINT; the exit code. A failure to start is one line on stderr and 1."""
    write_to_stderr(verbose=config.verbose)
    syscalls.limit_heaps(1)
    try:
        config.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        spawner = Spawner()
        try:
            asyncio.run(work(config, spawner))
        finally:
            spawner.close()
    except (OSError, ValueError, NftError, ShimError, ApiError) as error:
        log.debug("cannot start", exc_info=True)
        print(f"node agent {config.node_name}: {error}", file=sys.stderr)
        return 1
    return 0


async def work(config: Config, spawner: Spawner) -> None:
    stopped = asyncio.Event()
    async with connection(config) as client:
        for number in STOP_SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        node = Node(config, client, spawner)
        working = asyncio.create_task(node.run())
        stopping = asyncio.create_task(stopped.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in (working, stopping):
            task.cancel()
        await node.pods.close()
        if working.done() and not working.cancelled():
            working.result()


@dataclass(frozen=True)
class Informers:
    """What a node watches."""

    nodes: Informer[core_pb2.Node]
    services: Informer[core_pb2.Service]
    slices: Informer[discovery_pb2.EndpointSlice]
    pods: Informer[core_pb2.Pod]

    @classmethod
    def of(cls, client: Client, node_name: str) -> "Informers":
        return cls(
            Informer(client, kinds.NODES),
            Informer(client, kinds.SERVICES),
            Informer(client, kinds.ENDPOINT_SLICES),
            Informer(client, kinds.PODS, field_selector=f"spec.nodeName={node_name}"),
        )

    def all(self) -> Iterable[Informer[Any]]:
        return (self.nodes, self.services, self.slices, self.pods)


class Node:
    """The parts, and who tells whom."""

    def __init__(self, config: Config, client: Client, spawner: Spawner) -> None:
        self._config = config
        netlink = Netlink()
        self._informers = Informers.of(client, config.node_name)
        self._events = EventRecorder(client, "kubelet", host=config.node_name)
        mtu = _uplink_mtu(netlink)
        overlay = config.pod_network == "vxlan"
        self._network = NodeNetwork(mtu - max(OVERHEAD.values()) if overlay else mtu)
        services = self._informers.services.lister
        around = Surroundings(config, client, spawner, self._network, services, self._events)
        self.pods = Pods(around)
        self._spawner = spawner
        self._heartbeat = Heartbeat(client, config, self._informers.nodes.lister)
        self._streams = StreamServer(client, config.node_name, self.pods)
        nft = KernelNft()
        routes = OverlayRoutes(netlink, config.node_ips, mtu) if overlay else NodeRoutes(netlink)
        egress = Egress(nft, config.node_name, config.cluster_cidr.split(","))
        self._peers = Peers(config.node_name, self._informers.nodes.lister, routes, egress)
        self._proxy_recorder = EventRecorder(client, "kube-proxy", host=config.node_name)
        self._proxy_events = ProxyEvents(self._warn, services.get, config.node_name)
        self._proxier = Proxier(
            nft,
            KernelConntrack(),
            _proxy_config(config),
            failed=self._proxy_events.health_port_failed,
            contested=self._proxy_events.contested,
            local_addresses=netlink.addresses,
        )

    async def run(self) -> None:
        """Works until cancelled."""
        async with asyncio.TaskGroup() as group:
            informers = self._informers
            informers.services.add_handler(self._service_changed)
            informers.slices.add_handler(lambda key, old, new: self._proxier.slice_changed(key, new))
            informers.nodes.add_handler(self._node_changed)
            informers.nodes.add_handler(self._peers.changed)
            for informer in informers.all():
                if informer is not informers.pods:
                    group.create_task(informer.run())
            group.create_task(self._events.run())
            group.create_task(self._proxy_recorder.run())
            group.create_task(self._proxier.run())
            if self._config.node_port_addresses:
                group.create_task(address_watch.watch(self._proxier.addresses_changed))
            if resolver := node_resolver().loopback():
                group.create_task(relay.run(Netlink(), resolver))
            registering = group.create_task(self._heartbeat.register())
            await self.pods.adopt()
            self._write_sysctls()
            group.create_task(self._streams.run())
            await informers.services.synced()  # pods are told of Services when they start
            informers.pods.add_handler(self.pods.changed)
            group.create_task(informers.pods.run())
            registered = await registering
            # The watch may have brought a newer one already, with its podCIDR.
            self._node_known(self._informers.nodes.lister.get("", self._config.node_name) or registered)
            await informers.nodes.synced()
            self._peers.synced()
            group.create_task(self._heartbeat.run())
            await informers.slices.synced()
            self._proxier.synced()
            await informers.pods.synced()
            self.pods.forget_orphans()

    def _warn(self, service: core_pb2.Service, reason: str, text: str) -> None:
        self._proxy_recorder.event(service, "Warning", reason, text)

    def _service_changed(self, key: Key, old: core_pb2.Service | None, new: core_pb2.Service | None) -> None:
        self._proxier.service_changed(key, new)
        self._proxy_events.service_changed(old, new)

    def _node_changed(self, key: Key, old: core_pb2.Node | None, new: core_pb2.Node | None) -> None:
        if key.name == self._config.node_name:
            self._heartbeat.node_changed(new)
            if new is not None:
                self._node_known(new)

    def _node_known(self, node: core_pb2.Node) -> None:
        if self._network.set_networks(tuple(node.spec.podCIDRs)):
            self.pods.wake_all()
        self._proxier.node_changed(node)

    def _write_sysctls(self) -> None:
        wanted = dict(SYSCTLS)
        if any(":" in ip for ip in self._config.node_ips):
            wanted |= SYSCTLS_V6
        write = namespaces.write_sysctls if namespaces.can_write_sysctls() else self._spawner.write_sysctls
        for name, error in write(wanted).items():
            log.warning("kernel parameter not set", extra={"parameter": name, "error": error})


def _uplink_mtu(netlink: Netlink) -> int:
    """Packets of pods must fit through the node's own link."""
    try:
        return netlink.mtu(UPLINK)
    except OSError:
        return 1500


def _proxy_config(config: Config) -> ProxyConfig:
    return ProxyConfig(
        config.node_name,
        service_ranges=tuple(config.service_cidr.split(",")),
        node_port_addresses=config.node_port_addresses,
        metrics_port=config.metrics_port,
        healthz_port=config.healthz_port,
    )

"""A node as the sum of its parts: who tells whom, and in which order they start."""

import asyncio

from node_agent import sysctls
from node_agent.config import Config
from node_agent.conntrack.kernel import KernelConntrack
from node_agent.heartbeat import Heartbeat
from node_agent.informers import Informers
from node_agent.network import address_watch, relay
from node_agent.network.egress import Egress
from node_agent.network.links import UPLINK
from node_agent.network.netlink import Netlink
from node_agent.network.overlay import OVERHEAD, OverlayRoutes
from node_agent.network.peers import Peers
from node_agent.network.routes import NodeRoutes
from node_agent.nft.kernel import KernelNft
from node_agent.pods.pods import Pods
from node_agent.pods.sandbox import NodeNetwork, node_resolver
from node_agent.pods.spawner import Spawner
from node_agent.pods.state import Surroundings
from node_agent.proxy.config import ProxyConfig
from node_agent.proxy.events import ProxyEvents
from node_agent.proxy.proxier import Proxier
from node_agent.streams.server import StreamServer
from protos.kubernetes import core_pb2
from svclab.client import Client, EventRecorder, Key


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
            sysctls.write(self._spawner, with_ipv6=any(":" in ip for ip in self._config.node_ips))
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
        masquerade_all=config.masquerade_all,
        metrics_port=config.metrics_port,
        healthz_port=config.healthz_port,
    )

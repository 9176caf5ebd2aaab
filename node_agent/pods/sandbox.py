"""A pod's sandbox: its folder, its addresses and its shim, of which containers are the content."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from node_agent.config import Config
from node_agent.network import relay
from node_agent.network.addresses import PodAddresses
from node_agent.pods.folders import PodFolder, pod_folder
from node_agent.pods.resolving import Resolver, hosts, pod_resolver
from node_agent.pods.shims import Shim
from node_agent.pods.spawner import Spawner
from node_agent.shim.records import PodRecord
from protos.kubernetes import core_pb2

HOSTNAME_LIMIT = 63


class NodeNetwork:
    """What the node's pods share of its network; `networks` are known once the Node has a podCIDR."""

    def __init__(self, mtu: int) -> None:
        self.mtu = mtu
        self.addresses = PodAddresses()
        self.networks: tuple[str, ...] = ()
        self.known = asyncio.Event()

    def set_networks(self, networks: tuple[str, ...]) -> bool:
        """True if they are news. A node without podCIDR gets one soon; one that was deleted may get another."""
        if not networks or networks == self.networks:
            return False
        self.networks = networks
        self.known.set()
        return True


@dataclass(frozen=True)
class Sandbox:
    """One pod's sandbox. `addresses` are what the pod is reached by: the node's own with hostNetwork."""

    folder: PodFolder
    record: PodRecord
    shim: Shim

    @property
    def addresses(self) -> list[str]:
        return self.record.node_addresses if self.record.host_network else self.record.addresses


def hostname(pod: core_pb2.Pod) -> str:
    if pod.spec.hostNetwork:
        return pod.spec.nodeName
    return pod.spec.hostname or pod.metadata.name[:HOSTNAME_LIMIT].rstrip("-.")


def link_name(uid: str) -> str:
    """The node's end of the pod's link: 15 characters at most, the same for the same pod."""
    return "veth" + hashlib.sha1(uid.encode(), usedforsecurity=False).hexdigest()[:8]


async def create(
    pod: core_pb2.Pod, config: Config, network: NodeNetwork, spawner: Spawner, changed: Callable[[], None]
) -> Sandbox:
    """Builds the sandbox, once network.known. Raises NoFreeAddress, or ShimError with what the kernel refused."""
    uid = pod.metadata.uid
    own_network = not pod.spec.hostNetwork
    known = [address.ip for address in pod.status.podIPs]
    addresses = list(network.addresses.allocate(uid, network.networks, known)) if own_network else []
    record = PodRecord(
        namespace=pod.metadata.namespace,
        name=pod.metadata.name,
        uid=uid,
        hostname=hostname(pod),
        host_network=not own_network,
        link=link_name(uid),
        addresses=addresses,
        node_addresses=list(config.node_ips),
        mtu=network.mtu,
        sysctls={one.name: one.value for one in pod.spec.securityContext.sysctls},
    )
    folder = pod_folder(config.state_dir, uid)
    folder.create(record)
    sandbox = Sandbox(folder, record, Shim(folder.path, spawner.spawn(folder.path), changed))
    write_names(pod, sandbox, config)
    await sandbox.shim.known()
    return sandbox


def node_resolver() -> Resolver:
    """What the node itself asks for names."""
    with open("/etc/resolv.conf", encoding="utf-8") as file:
        return Resolver.parse(file.read())


def write_names(pod: core_pb2.Pod, sandbox: Sandbox, config: Config) -> None:
    """The files by which the pod's programs find names."""
    node = node_resolver().reachable(relay.ADDRESS)
    resolver = pod_resolver(pod, node, [config.dns_ip], config.cluster_domain)
    sandbox.folder.file("etc/resolv.conf", resolver.text())
    text = hosts(pod, sandbox.addresses, sandbox.record.hostname, config.cluster_domain)
    sandbox.folder.file("etc/hosts", text)
    sandbox.folder.file("etc/hostname", sandbox.record.hostname + "\n")


def adopt(folder: PodFolder, changed: Callable[[], None]) -> Sandbox | None:
    """The sandbox that an earlier agent made; None if its shim has ended."""
    record = folder.record()
    if record is None:
        return None
    try:
        return Sandbox(folder, record, Shim.adopt(folder.path, changed))
    except OSError:
        return None

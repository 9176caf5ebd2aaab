"""A node with pods and clients around it, all in network namespaces of one process, for real packets through the proxy.

The calling thread stands in the node's namespace. Every other machine is a thread that has a namespace of its own; a
socket belongs to the namespace in which it was made, whoever uses it later.
"""

import contextlib
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from node_agent import syscalls
from node_agent.conntrack.kernel import KernelConntrack
from node_agent.nft.kernel import KernelNft
from node_agent.proxy.changes import Changes
from node_agent.proxy.conntrack import UdpServices, answering
from node_agent.proxy.facts import (
    Endpoint,
    NodeFacts,
    ServiceFacts,
    ServiceName,
    ServicePort,
    ServicePortName,
    SliceFacts,
)
from node_agent.proxy.sync import Sync

T = TypeVar("T")
CLONE_NEWNET = 0x40000000
PATIENCE = 0.6  # seconds: every answer of this lab comes at once, or never

NODE_NAME = "node-1"
NODE, NODE6 = "10.9.0.1", "fd09::1"
GATEWAY6 = "fe80::1"
OUTSIDE, OUTSIDE6 = "10.9.0.2", "fd09::2"
PODS = {"a": ("10.244.1.2", "fd01::2"), "b": ("10.244.1.3", "fd01::3"), "far": ("10.244.2.2", "fd02::2")}
NODE_FACTS = NodeFacts(NODE_NAME, (NODE, NODE6), ("10.244.1.0/24", "fd01::/64"))
SERVICE_RANGES = ("10.96.0.0/16", "fd96::/108")
PROTOCOLS = {"TCP": (socket.SOCK_STREAM, 0), "UDP": (socket.SOCK_DGRAM, 0), "SCTP": (socket.SOCK_STREAM, 132)}


class Machine:
    """A namespace, cabled to the node."""

    def __init__(self, name: str, addresses: tuple[str, str]) -> None:
        self.name = name
        self.addresses = addresses
        self._thread = ThreadPoolExecutor(1, initializer=lambda: syscalls.unshare(CLONE_NEWNET))
        tid = self.run(threading.get_native_id)
        link = f"to-{name}"
        ip(f"link add {link} type veth peer name eth0 netns {tid}", f"link set {link} up")
        ip(f"addr add {GATEWAY6}/64 dev {link} nodad")  # IPv6 neighbours answer for addresses of their link alone
        self.ip("link set lo up", "link set eth0 up", f"addr add {addresses[0]}/32 dev eth0")
        self.ip(f"addr add {addresses[1]}/128 dev eth0 nodad", f"route add {NODE}/32 dev eth0")
        self.ip(f"route add default via {NODE} dev eth0", f"route add ::/0 via {GATEWAY6} dev eth0")
        for address in addresses:
            ip(f"route add {address} dev {link}")

    def run(self, function: Callable[..., T], *arguments: object) -> T:
        return self._thread.submit(function, *arguments).result()

    def ip(self, *lines: str) -> None:
        self.run(ip, *lines)

    def serve(self, protocol: str, port: int, name: str = "") -> socket.socket:
        """Answers every client with this machine's name and the client's address, until the socket is closed."""
        kind, number = PROTOCOLS[protocol]
        server = self.run(socket.socket, socket.AF_INET6, kind, number)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("::", port))
        serve = _answer_datagrams if protocol == "UDP" else _answer_connections
        threading.Thread(target=serve, args=(server, name or self.name), daemon=True).start()
        return server


def ip(*lines: str) -> None:
    """Runs `ip` commands in the namespace of the calling thread."""
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True)


def hold(address: str) -> None:
    """Gives this machine an address on lo, and waits until it is one: IPv6 takes its time."""
    ip(f"addr add {address} dev lo" + (" nodad" if ":" in address else ""))
    command = ["ip", "route", "get", address]
    while "local" not in subprocess.run(command, capture_output=True, text=True, check=False).stdout:
        continue


def _answer_connections(server: socket.socket, name: str) -> None:
    server.listen(128)
    with contextlib.suppress(OSError):
        while True:
            connection, client = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(_line(name, client[0]))


def _answer_datagrams(server: socket.socket, name: str) -> None:
    with contextlib.suppress(OSError):
        while True:
            _, client = server.recvfrom(2048)
            server.sendto(_line(name, client[0]), client)


def _line(name: str, client: str) -> bytes:
    return f"{name} {client.removeprefix('::ffff:')}".encode()


def ask(address: str, port: int, protocol: str = "TCP", *, source: str = "") -> str:
    """Asks from the namespace of the calling thread: "NAME CLIENT", "refused", or "silence"."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind, number = PROTOCOLS[protocol]
    with socket.socket(family, kind, number) as client:
        client.settimeout(PATIENCE)
        if source:
            client.bind((source, 0))
        return exchange(client, address, port)


def exchange(client: socket.socket, address: str, port: int) -> str:
    """One question over a socket that exists."""
    try:
        client.connect((address, port))
        if client.type == socket.SOCK_DGRAM:
            client.send(b"?")
        return client.recv(100).decode()
    except TimeoutError:
        return "silence"
    except (ConnectionRefusedError, PermissionError):  # a datagram that output refuses is EPERM to its sender
        return "refused"


class Lab:
    """The node's proxy, and the machines around the node."""

    def __init__(self) -> None:
        for name in ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"):
            Path("/proc/sys", name).write_text("1")
        Path("/proc/sys/net/ipv4/icmp_ratelimit").write_text("0")
        Path("/proc/sys/net/ipv6/icmp/ratelimit").write_text("0")
        ip("link set lo up", "link add wan type veth peer name wan-peer", "link set wan up", "link set wan-peer up")
        ip(f"addr add {NODE}/32 dev wan", f"addr add {NODE6}/128 dev wan nodad")
        self.pods = {name: Machine(name, addresses) for name, addresses in PODS.items()}
        self.outside = Machine("outside", (OUTSIDE, OUTSIDE6))
        ip("route add default dev wan", "route add ::/0 dev wan")  # a decision must be found before OUTPUT's NAT
        for machine in self.pods.values():
            for protocol in ("TCP", "UDP"):
                machine.serve(protocol, 8080)
        self.nft = KernelNft()
        self.reset()

    def reset(self) -> None:
        """A proxy that knows no Service, over whatever tables are there."""
        self.changes = Changes()
        self.sync = Sync(self.changes, self.nft, SERVICE_RANGES)
        self.udp = UdpServices()
        self.sync.full(NODE_FACTS)

    def service(
        self, name: str, cluster_ip: str, protocol: str = "TCP", port: int = 80, **fields: object
    ) -> ServicePort:
        """A Service with one port. Fields are those of ServicePort."""
        service = ServiceName("default", name)
        values = {
            "node_port": 0,
            "external_ips": (),
            "load_balancer_ips": (),
            "source_ranges": (),
            "internal_local": False,
            "external_local": False,
            "affinity_seconds": 0,
            "created": 0,
        }
        found = ServicePort(
            name=ServicePortName(service, "", protocol),
            cluster_ips=(cluster_ip,),
            port=port,
            **(values | fields),  # type: ignore[arg-type]
        )
        self.changes.put_service(service, ServiceFacts((found,), 0))
        return found

    def endpoints(self, port: ServicePort, *names: str, terminating: bool = False) -> None:
        """Exactly these pods stand behind the svc-port, on port 8080."""
        v6 = ":" in port.cluster_ips[0]
        found = tuple(
            Endpoint(PODS[n][v6], 8080, not terminating, True, terminating, "far-node" if n == "far" else NODE_NAME)
            for n in names
        )
        facts = SliceFacts(port.name.service, {("", port.name.protocol): found})
        self.changes.put_slice(("default", f"{port.name.service.name}-{v6}"), facts)

    def write(self, *, full: bool = False) -> None:
        """One pass, and the flows that it leaves stale."""
        changed = self.changes.drain()
        outcome = self.sync.full(NODE_FACTS) if full else self.sync.partial(changed)
        now = {name: answering(served) for name, served in outcome.ports.items()}
        stale = self.udp.update(now | dict.fromkeys(outcome.gone, {}))
        conntrack = KernelConntrack()
        if stale:
            conntrack.delete(self.udp.stale(conntrack.udp_flows(), stale))

    def pod(self, name: str) -> Callable[..., str]:
        """`ask` from a pod."""
        return lambda *arguments, **named: self.pods[name].run(lambda: ask(*arguments, **named))

    def client(self, *arguments: object, **named: str) -> str:
        """`ask` from outside."""
        return self.outside.run(lambda: ask(*arguments, **named))  # type: ignore[arg-type]


def names(answers: Iterator[str]) -> set[str]:
    """Who answered."""
    return {answer.split(" ")[0] for answer in answers}

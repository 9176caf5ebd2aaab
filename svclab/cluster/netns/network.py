"""The cluster's network as `ip -batch` lines: one bridge (the switch), and a veth for everything that hangs on it.

The switch is a network namespace of its own, so that no bridge stands in the host's namespace, where docker sets
FORWARD to DROP.
"""

import os
import socket
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from svclab.cluster.addresses import Plan
from svclab.cluster.errors import ClusterError
from svclab.cluster.netns import namespaces

BRIDGE, UPLINK, MACHINE_LINK = "br0", "uplink", "eth0"
GONE_WITHIN = 5.0  # seconds that the kernel has for a namespace's links


def run(lines: Iterable[str], *, within: int | None = None) -> None:
    """Runs `ip` commands in one process, in the network namespace `within` (a descriptor; default: the current one).

    Raises ClusterError with ip's own words.
    """

    def enter() -> None:
        if within is not None:
            namespaces.setns(within, namespaces.CLONE_NEWNET)

    # ip has no threads to inherit, and its start is all that preexec_fn delays.
    result = subprocess.run(  # noqa: PLW1509
        ["ip", "-batch", "-"], input="\n".join(lines), text=True, capture_output=True, preexec_fn=enter, check=False
    )
    if result.returncode:
        raise ClusterError(f"the network could not be set up: {' '.join(result.stderr.split())}")


def switch(plan: Plan) -> list[str]:
    """The switch itself, which is also the nodes' default router."""
    addresses = [f"addr add {address} dev {BRIDGE} {_nodad(address)}" for address in plan.interfaces(plan.ROUTER)]
    return [
        "link set lo up",
        f"link add {BRIDGE} type bridge forward_delay 0 mcast_snooping 0",
        *addresses,
        f"link set {BRIDGE} up",
    ]


def plug(port: str, number: int, pid: int) -> list[str]:
    """A cable from the switch to the network namespace of a process, where it ends as eth0."""
    return [
        f"link add {port} type veth peer name {MACHINE_LINK} address {_hardware_address(number)} netns {pid}",
        f"link set {port} master {BRIDGE} up",
    ]


def machine(plan: Plan, number: int) -> list[str]:
    """The machine's end of its cable, run in the machine: addresses and default routes."""
    return [
        "link set lo up",
        *(f"addr add {address} dev {MACHINE_LINK} {_nodad(address)}" for address in plan.interfaces(number)),
        f"link set {MACHINE_LINK} up",
        *(f"route add default via {router}" for router in plan.addresses(plan.ROUTER)),
    ]


def uplink(plan: Plan, link: str, switch_pid: int) -> list[str]:
    """The host's cable to the switch, run in the host's namespace."""
    return [
        f"link add {link} type veth peer name {UPLINK} netns {switch_pid}",
        *(f"addr add {address} dev {link} {_nodad(address)}" for address in plan.interfaces(plan.HOST)),
        f"link set {link} up",
    ]


def port_of(machine_name: str, number: int) -> str:
    """The name of a machine's port on the switch; the kernel allows 15 characters."""
    return machine_name if len(machine_name) <= 15 else f"port-{number}"


def links() -> set[str]:
    """The links of the current network namespace."""
    return {name for _, name in socket.if_nameindex()}


def remove(link: str) -> None:
    """Removes a link of the current network namespace, if it is there; the kernel may be about to do the same.

    Raises ClusterError if it stays.
    """
    if link in links():
        try:
            run([f"link del {link}"])
        except ClusterError:
            if link in links():
                raise


def wait_until_gone(link: str) -> None:
    """Waits for the kernel to take away a link into a namespace that has just ended.

    It is not removed here: a link that stays belongs to somebody else's cluster of the same name.
    """
    end = time.monotonic() + GONE_WITHIN
    while link in links() and time.monotonic() < end:
        time.sleep(0.01)


def forward_packets() -> None:
    """Lets the current network namespace route. Raises OSError where that is refused."""
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    ipv6 = Path("/proc/sys/net/ipv6/conf/all/forwarding")
    if ipv6.exists():
        ipv6.write_text("1")


def own_namespace() -> int:
    """A descriptor of the current network namespace."""
    return os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _hardware_address(number: int) -> str:
    """The MAC address of a participant: the same after a restart, so that its neighbours need not learn it anew."""
    return f"02:73:76:63:{number >> 8:02x}:{number & 0xFF:02x}"


def _nodad(address: str) -> str:
    """IPv6 addresses serve at once, without a second of duplicate detection: the plan makes them unique."""
    return "nodad" if ":" in address else ""

"""The namespaces and the network that the containers of a pod share."""

import os
from contextlib import suppress

from node_agent import syscalls
from node_agent.network import links
from node_agent.network.netlink import Netlink
from node_agent.network.requests import link_up
from node_agent.shim.records import PodRecord

# Anybody in a pod may ping, and listen on any port: as the container runtimes have it.
DEFAULT_SYSCTLS = {"net.ipv4.ping_group_range": "0 2147483647", "net.ipv4.ip_unprivileged_port_start": "0"}


def isolate(record: PodRecord) -> None:
    """Moves the process into the pod's namespaces and lays its network. Raises OSError."""
    node = Netlink()
    syscalls.unshare(syscalls.CLONE_NEWUTS | syscalls.CLONE_NEWIPC)
    syscalls.sethostname(record.hostname)
    if not record.host_network:
        syscalls.unshare(syscalls.CLONE_NEWNET)
        pod = Netlink()
        pod.run([link_up(links.LOOPBACK_INDEX)])
        ends = links.Ends(record.link, os.getpid(), record.addresses, record.node_addresses, record.mtu)
        links.connect(node, pod, ends)
        pod.close()
        for name, value in DEFAULT_SYSCTLS.items():
            with suppress(OSError):  # a user namespace has not all groups
                write_sysctl(name, value)
    node.close()
    for name, value in record.sysctls.items():
        write_sysctl(name, value)


def write_sysctl(name: str, value: str) -> None:
    with open("/proc/sys/" + name.replace(".", "/"), "w", encoding="ascii") as file:
        file.write(value)


def can_write_sysctls() -> bool:
    """Not in a container, where /proc/sys is read-only."""
    return os.access("/proc/sys/net/ipv4/ip_forward", os.W_OK)


def write_sysctls(values: dict[str, str]) -> dict[str, str]:
    """Sets kernel parameters of the node's network namespace; the errors by name."""
    errors = {}
    for name, value in values.items():
        try:
            write_sysctl(name, value)
        except OSError as error:
            errors[name] = str(error)
    return errors

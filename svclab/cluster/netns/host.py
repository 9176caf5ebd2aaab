"""What a cluster keeps of the machine around it, and the names that it has there."""

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from svclab.cluster.netns import namespaces, network

NAMES = Path("/run/netns")  # where `ip netns` looks


@dataclass(frozen=True)
class Host:
    """Descriptors that lead out of the cluster's namespaces."""

    proc: int  # /proc as it was: it tells the pids that others know
    net: int | None  # the host's network namespace; None for an ordinary user, who may not change it

    @classmethod
    def here(cls, *, root: bool) -> "Host":
        """The current surroundings."""
        proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return cls(proc, network.own_namespace() if root else None)

    def descriptors(self) -> tuple[int, ...]:
        """All of them."""
        return (self.proc,) if self.net is None else (self.proc, self.net)

    def publish(self, cluster: str, machine: str) -> None:
        """Gives the current network namespace the name `svclab-CLUSTER-MACHINE` for `ip netns exec`.

        A symbolic link does that and leaves no mount behind, and it names nothing once its process is gone.
        """
        if self.net is None:
            return
        target = f"/proc/{os.readlink('self', dir_fd=self.proc)}/ns/net"
        link = NAMES / f"{prefix(cluster)}{machine}"
        draft = link.with_name(f"{link.name}.new")
        NAMES.mkdir(mode=0o755, exist_ok=True)
        draft.unlink(missing_ok=True)
        draft.symlink_to(target)
        draft.replace(link)


def is_root() -> bool:
    """Whether this process may make namespaces as it is, and links in the current network namespace."""
    status = Path("/proc/self/status").read_text()
    effective = int(status.partition("CapEff:")[2].split()[0], 16)
    capable = effective >> namespaces.CAP_SYS_ADMIN & effective >> namespaces.CAP_NET_ADMIN & 1
    return bool(capable) and namespaces.owns_network()


def prefix(cluster: str) -> str:
    """How the names of a cluster's network namespaces begin."""
    return f"svclab-{cluster}-"


def link_name(cluster: str) -> str:
    """The host's link into a cluster; the kernel allows 15 characters."""
    name = f"svclab-{cluster}"
    return name if len(name) <= 15 else f"svclab-{sha256(cluster.encode()).hexdigest()[:8]}"


def withdraw(cluster: str, machines: Iterable[str]) -> None:
    """Removes the names that `publish` gave, where they lead nowhere any more."""
    for machine in machines:
        link = NAMES / f"{prefix(cluster)}{machine}"
        if link.is_symlink() and not link.exists():
            link.unlink()
    with suppress(OSError):  # others may have names there
        NAMES.rmdir()

"""Identity and capabilities of a container, from its security contexts: pure. Numbers as in capabilities(7)."""

from dataclasses import dataclass

from google.protobuf.message import Message

from protos.kubernetes import core_pb2

NAMES = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
]
# What the container runtimes leave.
_DEFAULT = "CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW SYS_CHROOT MKNOD"
DEFAULT = [*_DEFAULT.split(), "AUDIT_WRITE", "SETFCAP"]


@dataclass(frozen=True)
class Identity:
    """Who a container's program is; None keeps root."""

    user: int | None
    group: int | None
    capabilities: tuple[int, ...]
    read_only_root: bool
    privileged: bool


def identity(pod: core_pb2.Pod, container: core_pb2.Container) -> Identity:
    """The container's own context goes before the pod's. Raises ValueError for an unknown capability."""
    own, shared = container.securityContext, pod.spec.securityContext

    names = set(NAMES if own.privileged else DEFAULT)
    for word in own.capabilities.add:
        names |= set(NAMES) if word == "ALL" else {word.removeprefix("CAP_")}
    for word in own.capabilities.drop:
        names -= set(NAMES) if word == "ALL" else {word.removeprefix("CAP_")}
    if unknown := sorted(names - set(NAMES)):
        raise ValueError(f"unknown capability: {', '.join(unknown)}")
    numbers = tuple(index for index, name in enumerate(NAMES) if name in names)
    user = _first(("runAsUser", own), ("runAsUser", shared))
    group = _first(("runAsGroup", own), ("runAsGroup", shared))
    return Identity(user, group, numbers, own.readOnlyRootFilesystem, own.privileged)


def _first(*fields: tuple[str, Message]) -> int | None:
    """The first of the fields that is set."""
    return next((int(getattr(message, name)) for name, message in fields if message.HasField(name)), None)

"""The Node object of this machine: pure."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from node_agent.config import Config
from protos import timestamps
from protos.kubernetes import core_pb2, meta_pb2

VERSION = "v1.30.0-svclab"  # what `get nodes` shows: the Kubernetes whose behaviour the node has
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}

# Type, reason and message of the conditions of a node in good order, as the kubelet gives them; all but the last False.
CONDITIONS = (
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "KubeletReady", "kubelet is posting ready status"),
)


@dataclass(frozen=True)
class Machine:
    """What a Node says of the machine below it."""

    cpus: int
    memory: int  # bytes
    kernel: str
    os_image: str
    architecture: str
    machine_id: str
    boot_id: str

    @classmethod
    def read(cls) -> "Machine":
        release = _os_release()
        return cls(
            cpus=os.cpu_count() or 1,
            memory=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
            kernel=platform.release(),
            os_image=release.get("PRETTY_NAME", "Linux"),
            architecture=ARCHITECTURES.get(platform.machine(), platform.machine()),
            machine_id=_text("/etc/machine-id"),
            boot_id=_text("/proc/sys/kernel/random/boot_id"),
        )


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _os_release() -> Mapping[str, str]:
    pairs = (line.partition("=") for line in _text("/etc/os-release").splitlines())
    return {name: value.strip('"') for name, _, value in pairs}


def labels(config: Config, machine: Machine) -> dict[str, str]:
    own = {
        "kubernetes.io/hostname": config.node_name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": machine.architecture,
        "beta.kubernetes.io/os": "linux",
        "beta.kubernetes.io/arch": machine.architecture,
    }
    return own | dict(config.labels)


def new_node(config: Config, machine: Machine, now: float) -> core_pb2.Node:
    """The Node to be created."""
    node = core_pb2.Node(metadata=meta_pb2.ObjectMeta(name=config.node_name, labels=labels(config, machine)))
    node.status.CopyFrom(node_status(core_pb2.NodeStatus(), config, machine, now))
    return node


def node_status(present: core_pb2.NodeStatus, config: Config, machine: Machine, now: float) -> core_pb2.NodeStatus:
    """The status now: times change only where something did, but for the heartbeat."""
    status = core_pb2.NodeStatus()
    status.CopyFrom(present)
    for name, amount in _resources(config, machine).items():
        status.capacity[name].string = amount
        status.allocatable[name].string = amount
    del status.addresses[:]
    status.addresses.extend(core_pb2.NodeAddress(type="InternalIP", address=ip) for ip in config.node_ips)
    status.addresses.extend(core_pb2.NodeAddress(type="ExternalIP", address=ip) for ip in config.external_ips)
    status.addresses.add(type="Hostname", address=config.node_name)
    status.nodeInfo.CopyFrom(_node_info(machine))
    for kind, reason, message in CONDITIONS:
        _set_condition(status, kind, "True" if kind == "Ready" else "False", (reason, message), now)
    return status


def differs(one: core_pb2.NodeStatus, other: core_pb2.NodeStatus) -> bool:
    """Whether two statuses differ in more than their heartbeats."""
    return _without_heartbeats(one) != _without_heartbeats(other)


def _without_heartbeats(status: core_pb2.NodeStatus) -> core_pb2.NodeStatus:
    copy = core_pb2.NodeStatus()
    copy.CopyFrom(status)
    for condition in copy.conditions:
        condition.ClearField("lastHeartbeatTime")
    return copy


def _resources(config: Config, machine: Machine) -> dict[str, str]:
    return {"cpu": str(machine.cpus), "memory": f"{machine.memory >> 10}Ki", "pods": str(config.max_pods)}


def _node_info(machine: Machine) -> core_pb2.NodeSystemInfo:
    return core_pb2.NodeSystemInfo(
        machineID=machine.machine_id,
        systemUUID=machine.machine_id,
        bootID=machine.boot_id,
        kernelVersion=machine.kernel,
        osImage=machine.os_image,
        containerRuntimeVersion="svclab://0.1.0",
        kubeletVersion=VERSION,
        kubeProxyVersion=VERSION,
        operatingSystem="linux",
        architecture=machine.architecture,
    )


def _set_condition(status: core_pb2.NodeStatus, kind: str, value: str, why: Sequence[str], now: float) -> None:
    condition = next((one for one in status.conditions if one.type == kind), None) or status.conditions.add(type=kind)
    if condition.status != value:
        condition.lastTransitionTime.CopyFrom(timestamps.time(now))
    condition.status, condition.reason, condition.message = value, why[0], why[1]
    condition.lastHeartbeatTime.CopyFrom(timestamps.time(now))

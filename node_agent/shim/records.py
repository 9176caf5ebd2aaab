"""What agent and shim tell each other, and what lies in a pod's folder: each a JSON object on wire and disk."""

from typing import Any, NamedTuple

SOCKET = "shim.sock"  # in the pod's folder: where an agent that starts again finds the shim
RECORD = "pod.json"  # the PodRecord, written before the shim starts: also what keeps the pod's addresses reserved
LISTENING = "SVCLAB_LISTENING_FD"  # environment: the descriptor that a catalogue program closes once it listens

STARTING, RUNNING, EXITED, FAILED = "starting", "running", "exited", "failed"  # FAILED: the program never ran


class PodRecord(NamedTuple):
    """One pod's sandbox: its names, and the network that its containers share."""

    namespace: str
    name: str
    uid: str
    hostname: str
    host_network: bool
    link: str  # the node's end of the pod's veth pair
    addresses: list[str]  # at most one a family, the primary first
    node_addresses: list[str]
    mtu: int
    sysctls: dict[str, str]


class ContainerSpec(NamedTuple):
    """One run of a container."""

    name: str
    attempt: int  # 0 for the first; Kubernetes' restartCount
    argv: list[str]
    env: dict[str, str]
    cwd: str
    log: str  # path
    log_limit: int  # bytes
    binds: list[tuple[str, str, bool]]  # source on the machine, target in the container, read-only
    root_size: str  # of the tmpfs, as in tmpfs(5)
    read_only_root: bool
    privileged: bool  # sees and may change all of /proc
    says_listening: bool  # the program closes the descriptor LISTENING itself
    stdin: bool  # its standard input does not end
    user: int | None
    group: int | None
    capabilities: list[int]


class ContainerState(NamedTuple):
    """What became of a ContainerSpec. Times are seconds since the epoch, 0 for not yet."""

    name: str
    attempt: int
    phase: str
    started_at: float
    finished_at: float
    exit_code: int
    error: str  # why the program could not be run


class ExecSpec(NamedTuple):
    """A process to run in a running container; its streams travel as descriptors, or it gets a terminal."""

    name: str
    argv: list[str]
    terminal: bool
    columns: int
    rows: int


def container_spec(fields: dict[str, Any]) -> ContainerSpec:
    binds = [(source, target, read_only) for source, target, read_only in fields["binds"]]
    return ContainerSpec(**{**fields, "binds": binds})

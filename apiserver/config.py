"""What an API server is told when it starts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Config:
    """One API server. Times in seconds."""

    socket: Path  # the Unix socket that it answers on, for its owner alone
    state_dir: Path  # what it keeps, made if missing
    cluster_name: str = "default"
    listen: str = ""  # host:port for callers over TCP, who prove themselves by mutual TLS; "": the Unix socket alone
    addresses: tuple[str, ...] = ()  # by which callers know this server, beside localhost and its own name
    bundles: Mapping[str, Path] = field(default_factory=dict)  # role to the folder that holds its credentials
    store: Literal["sqlite", "memory"] = "sqlite"
    service_cidr: str = "10.96.0.0/16"  # with two IP families: one for each, a comma between them, the primary first
    pod_cidr: str = "10.244.0.0/16"  # likewise; a /24 (IPv6: /64) of it for each node
    node_port_range: tuple[int, int] = (30000, 32767)
    cluster_domain: str = "cluster.local"
    dns_replicas: int = 0  # how many servers of the cluster's DNS are kept running; 0: nobody looks after it
    history: float = 300.0  # how long a list or watch may look back
    node_grace_period: float = 40.0  # a Lease older than this makes its node NotReady
    node_startup_grace_period: float = 60.0  # the same for a node that never sent one
    eviction_after: float = 300.0  # how long pods stay on a node that is not ready, unless they say it themselves
    verbose: bool = False  # tracebacks of errors that have one clear line

"""What a mock cloud is told when it starts."""

from dataclasses import dataclass
from pathlib import Path

from cloud_controller.request import Mode


@dataclass(frozen=True)
class Cadence:
    """Seconds between two probes of a target, and how many of one kind in a row turn its state.

    A probe takes at most one interval, and one failure is enough unless told otherwise: so a node that dies gets no
    new connections after two intervals.
    """

    interval: float = 2.0
    failures: int = 1
    successes: int = 1


@dataclass(frozen=True)
class Config:
    """One mock cloud. It runs inside the load balancer's network namespace, whose link to the nodes is eth0."""

    server: str  # unix:/path or host:port
    state_dir: Path  # where the ledger lies
    pool: tuple[str, ...]  # ranges within the subnet of the nodes' link, of each family that it serves
    credentials: Path | None = None  # for a server over TCP
    load_balancer_class: str = ""  # "": Services without a class
    default_mode: Mode = "vip"
    cadence: Cadence = Cadence()
    proxy_health_port: int = 10256
    retry_scale: float = 1.0  # shortens the pauses after errors, for tests and lessons
    verbose: bool = False

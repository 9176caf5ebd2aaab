"""What a node agent is told when it starts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from node_agent.images.catalogue import Image


@dataclass(frozen=True, slots=True)
class Config:
    """One node. It runs in the node's network namespace, which has its link, addresses and default route already."""

    node_name: str
    server: str  # "unix:/path" or "host:port"
    node_ips: tuple[str, ...]  # InternalIPs, at most one a family, the primary first
    state_dir: Path  # what the node keeps, made if missing; of this node alone
    credentials: Path | None = None  # the folder of its certificate, for a server at host:port
    join_token: Path | None = None  # the folder of the token that gets it one
    dns_credentials: Path | None = None  # the folder that pods of the cluster's DNS find, for a server at host:port
    external_ips: tuple[str, ...] = ()  # ExternalIPs: addresses by which others reach it
    cluster_domain: str = "cluster.local"
    dns_ip: str = "10.96.0.10"  # what pods ask for names
    cluster_cidr: str = "10.244.0.0/16"  # with two IP families: one for each, a comma between them
    service_cidr: str = "10.96.0.0/16"  # likewise
    pod_network: Literal["routes", "vxlan"] = "routes"  # how packets get to the pods of other nodes
    labels: Mapping[str, str] = field(default_factory=dict)  # of the Node, beside those that every node has
    images: Mapping[str, Image] = field(default_factory=dict)  # additions to the catalogue
    max_pods: int = 110
    heartbeat: float = 10.0  # seconds between renewals of the Lease
    lease_duration: float = 40.0  # seconds
    status_interval: float = 300.0  # seconds between posts of an unchanged node status
    backoff: float = 10.0  # seconds before a container's second restart; doubles
    backoff_limit: float = 300.0
    log_limit: int = 10 << 20  # bytes of a container's log before it is rotated
    root_size: str = "256m"  # of a container's root file system, as in tmpfs(5)
    metrics_port: int = 10249
    healthz_port: int = 10256
    masquerade_all: bool = False  # also pods, on their way to a ClusterIP
    node_port_addresses: tuple[str, ...] = ()  # CIDRs; empty: the primary address of each family
    verbose: bool = False  # tracebacks of errors that have one clear line

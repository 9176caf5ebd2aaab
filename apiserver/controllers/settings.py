"""What can be set about the control loops."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ClusterDns:
    """The cluster's DNS: how many servers, the address of their Service, and the domain that they serve."""

    replicas: int
    address: str
    domain: str = "cluster.local"


@dataclass(frozen=True)
class ControllerSettings:
    """All times are seconds; the defaults are Kubernetes'."""

    pod_cidrs: tuple[str, ...] = ("10.244.0.0/16",)  # one for each address family, cut into the nodes' podCIDRs
    endpoints_per_slice: int = 100
    node_grace: float = 40.0  # without a heartbeat for so long, a node is not ready
    node_startup_grace: float = 60.0  # the same for a node that never sent one
    eviction_after: float = 300.0  # for pods that tolerate a node that is not ready, but do not say how long
    orphaned_pods_after: float = 20.0  # a pod whose node is gone for so long is deleted
    events_kept: float = 3600.0
    dns: ClusterDns | None = None  # None: nobody looks after it

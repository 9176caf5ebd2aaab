"""What a proxy is told when it starts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ProxyConfig:
    """`service_ranges`: the cluster's ranges of Service addresses; `node_port_addresses`: CIDRs, () for the primary."""

    node_name: str
    service_ranges: tuple[str, ...] = ()
    node_port_addresses: tuple[str, ...] = ()
    masquerade_all: bool = False
    metrics_address: str = "127.0.0.1"
    metrics_port: int = 10249
    healthz_port: int = 10256

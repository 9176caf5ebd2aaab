"""`python -m node_agent`: one node, in the network namespace that it is started in."""

import argparse
import sys
from pathlib import Path

from node_agent.config import Config
from node_agent.main import run


def label(text: str) -> tuple[str, str]:
    """Reads KEY=VALUE."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise ValueError(text)
    return key, value


def arguments_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="node_agent", description=__doc__)
    parser.add_argument("--node-name", required=True)
    parser.add_argument("--server", required=True, help="unix:/path or host:port of the API server")
    parser.add_argument("--node-ip", action="append", required=True, help="the node's own address; one a family")
    parser.add_argument("--node-external-ip", action="append", default=[], help="an address by which others reach it")
    parser.add_argument(
        "--node-port-address", action="append", default=[], help="CIDR of node addresses that node ports answer on"
    )
    parser.add_argument("--masquerade-all", action="store_true", help="also pods, on their way to a ClusterIP")
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--credentials", type=Path, help="folder of the node's certificate, for a server at host:port")
    parser.add_argument("--join-token", type=Path, help="folder of the token by which it gets its certificate")
    parser.add_argument("--dns-credentials", type=Path, help="folder that the cluster's DNS finds, for host:port")
    parser.add_argument("--label", action="append", type=label, default=[], help="KEY=VALUE on the Node; repeatable")
    parser.add_argument("--cluster-domain", default="cluster.local")
    parser.add_argument("--cluster-dns", default="10.96.0.10")
    parser.add_argument("--cluster-cidr", default="10.244.0.0/16")
    parser.add_argument("--service-cidr", default="10.96.0.0/16")
    parser.add_argument(
        "--pod-network", choices=("routes", "vxlan"), default="routes", help="how packets get to pods of other nodes"
    )
    parser.add_argument("--heartbeat", type=float, default=10.0, help="seconds between renewals of the node's Lease")
    parser.add_argument("--lease-duration", type=float, default=40.0, help="seconds that the node's Lease lasts")
    parser.add_argument("-v", "--verbose", action="store_true")
    return parser


def parse(arguments: list[str]) -> Config:
    options = arguments_parser().parse_args(arguments)
    return Config(
        node_name=options.node_name,
        server=options.server,
        node_ips=tuple(options.node_ip),
        external_ips=tuple(options.node_external_ip),
        node_port_addresses=tuple(options.node_port_address),
        masquerade_all=options.masquerade_all,
        state_dir=options.state_dir,
        credentials=options.credentials,
        join_token=options.join_token,
        dns_credentials=options.dns_credentials,
        labels=dict(options.label),
        cluster_domain=options.cluster_domain,
        dns_ip=options.cluster_dns,
        cluster_cidr=options.cluster_cidr,
        service_cidr=options.service_cidr,
        pod_network=options.pod_network,
        heartbeat=options.heartbeat,
        lease_duration=options.lease_duration,
        verbose=options.verbose,
    )


if __name__ == "__main__":
    sys.exit(run(parse(sys.argv[1:])))

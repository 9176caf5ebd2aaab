"""`python -m apiserver`: arguments to Config, and run."""

import argparse
import sys
from pathlib import Path

from apiserver.config import Config
from apiserver.main import run


def port_range(text: str) -> tuple[int, int]:
    """Reads 30000-32767."""
    first, last = (int(part) for part in text.split("-"))
    if not 0 < first <= last < 65536:
        raise ValueError(text)
    return first, last


def bundle(text: str) -> tuple[str, Path]:
    """Reads ROLE=DIR."""
    role, equals, folder = text.partition("=")
    if not role or not folder:
        raise ValueError(text)
    return role, Path(folder)


def parse(arguments: list[str]) -> Config:
    """The configuration that the arguments describe; exits with usage where they describe none."""
    defaults = Config(Path(), Path())
    parser = argparse.ArgumentParser("apiserver", description="The control plane of a svclab cluster.")
    parser.add_argument("--socket", type=Path, required=True, help="Unix socket to answer on")
    parser.add_argument("--state-dir", type=Path, required=True, help="folder for what is kept; made if missing")
    parser.add_argument("--cluster-name", default=defaults.cluster_name)
    parser.add_argument("--listen", default="", metavar="HOST:PORT", help="answer on TCP too, by mutual TLS")
    parser.add_argument(
        "--address", action="append", default=[], dest="addresses", help="a name or address in the server's certificate"
    )
    parser.add_argument(
        "--bundle",
        action="append",
        type=bundle,
        default=[],
        dest="bundles",
        metavar="ROLE=DIR",
        help="keep fresh credentials in a folder: admin, join, cloud-controller, cluster-dns",
    )
    parser.add_argument("--store", choices=("sqlite", "memory"), default=defaults.store)
    parser.add_argument("--service-cidr", default=defaults.service_cidr, help="addresses of Services")
    parser.add_argument("--pod-cidr", default=defaults.pod_cidr, help="addresses of pods; each node gets a /24 of it")
    parser.add_argument(
        "--dns-replicas", type=int, default=defaults.dns_replicas, metavar="N", help="keep N DNS servers running"
    )
    parser.add_argument("--node-port-range", type=port_range, default=defaults.node_port_range, metavar="FIRST-LAST")
    parser.add_argument("--cluster-domain", default=defaults.cluster_domain)
    parser.add_argument(
        "--history", type=float, default=defaults.history, metavar="SECONDS", help="how long old versions are kept"
    )
    parser.add_argument("--node-grace-period", type=float, default=defaults.node_grace_period, metavar="SECONDS")
    parser.add_argument(
        "--node-startup-grace-period", type=float, default=defaults.node_startup_grace_period, metavar="SECONDS"
    )
    parser.add_argument("--eviction-after", type=float, default=defaults.eviction_after, metavar="SECONDS")
    parser.add_argument("-v", "--verbose", action="store_true", help="debug log, tracebacks of start-up errors")
    values = vars(parser.parse_args(arguments))
    return Config(**values | {"addresses": tuple(values["addresses"]), "bundles": dict(values["bundles"])})


if __name__ == "__main__":
    sys.exit(run(parse(sys.argv[1:])))

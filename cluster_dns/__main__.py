"""`python -m cluster_dns`: reads the arguments and runs the server."""

import argparse
import sys
from pathlib import Path
from typing import Any

from cluster_dns.config import Config, Endpoint
from cluster_dns.main import run

LONGEST_TTL = 3600  # as CoreDNS' kubernetes plugin


def main(arguments: list[str] | None = None) -> int:
    return run(config(arguments))


def config(arguments: list[str] | None = None) -> Config:
    """The arguments as a Config; exits with code 2 and one line for what is no argument."""
    parser = argparse.ArgumentParser(
        "cluster_dns", description="The cluster's DNS server.", argument_default=argparse.SUPPRESS
    )
    parser.add_argument("--server", required=True, help="the API server: unix:/path or host:port")
    parser.add_argument(
        "--credentials", type=Path, metavar="DIR", help="ca.crt, client.crt and client.key, for host:port"
    )
    parser.add_argument(
        "--listen",
        type=_endpoint,
        action="append",
        metavar="ADDRESS",
        help="address and port to serve, again for more (:53)",
    )
    parser.add_argument("--zone", help="the cluster's domain (cluster.local)")
    parser.add_argument("--ttl", type=_ttl, metavar="SECONDS", help="of the zone's records (30)")
    parser.add_argument(
        "--upstream",
        type=_endpoint,
        action="append",
        dest="upstreams",
        metavar="ADDRESS",
        help="resolver for other names",
    )
    parser.add_argument(
        "--resolv-conf", type=Path, metavar="FILE", help="where the resolvers stand otherwise (/etc/resolv.conf)"
    )
    parser.add_argument("--metrics-port", type=int, metavar="PORT", help="of /metrics (9153)")
    parser.add_argument("--health-port", type=int, metavar="PORT", help="of /health (8080)")
    parser.add_argument("--ready-port", type=int, metavar="PORT", help="of /ready (8181)")
    parser.add_argument("--lameduck", type=float, metavar="SECONDS", help="how long to serve on once told to stop (5)")
    parser.add_argument("-v", "--verbose", action="store_true", help="more log lines, and tracebacks")
    given: dict[str, Any] = vars(parser.parse_args(arguments))
    given |= {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
    return Config(**given)


def _endpoint(text: str) -> Endpoint:
    try:
        return Endpoint.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _ttl(text: str) -> int:
    if not text.isdigit() or int(text) > LONGEST_TTL:
        raise argparse.ArgumentTypeError(f'ttl "{text}": must be 0 to {LONGEST_TTL} seconds')
    return int(text)


if __name__ == "__main__":
    sys.exit(main())

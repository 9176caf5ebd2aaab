"""`python -m cloud_controller`: arguments to Config, and run."""

import argparse
import sys
from pathlib import Path

from cloud_controller.config import Cadence, Config
from cloud_controller.main import run


def parse(arguments: list[str]) -> Config:
    """The configuration that the arguments describe; exits with usage where they describe none."""
    parser = argparse.ArgumentParser("cloud_controller", description="The mock cloud of a svclab cluster.")
    parser.add_argument("--server", required=True, metavar="ADDRESS", help="the API server: unix:/path or host:port")
    parser.add_argument("--credentials", type=Path, metavar="DIR", help="ca.crt, client.crt and client.key")
    parser.add_argument("--state-dir", type=Path, required=True, help="folder for what is kept; made if missing")
    parser.add_argument("--pool", action="append", required=True, metavar="CIDR", help="addresses to give; repeatable")
    parser.add_argument("--load-balancer-class", default="", help="serve Services of this class (default: of none)")
    parser.add_argument("--mode", choices=("vip", "proxy"), default="vip", help="how, unless a Service says it itself")
    parser.add_argument("--probe-interval", type=float, default=Cadence.interval, metavar="SECONDS")
    parser.add_argument("--probe-failures", type=int, default=Cadence.failures, help="in a row, to leave the rotation")
    parser.add_argument("--probe-successes", type=int, default=Cadence.successes, help="in a row, to come back")
    parser.add_argument("--retry-scale", type=float, default=1.0, help="shortens the pauses after errors of the cloud")
    parser.add_argument("-v", "--verbose", action="store_true", help="debug log, tracebacks of start-up errors")
    given = parser.parse_args(arguments)
    return Config(
        server=given.server,
        state_dir=given.state_dir,
        pool=tuple(given.pool),
        credentials=given.credentials,
        load_balancer_class=given.load_balancer_class,
        default_mode=given.mode,
        cadence=Cadence(given.probe_interval, given.probe_failures, given.probe_successes),
        retry_scale=given.retry_scale,
        verbose=given.verbose,
    )


if __name__ == "__main__":
    sys.exit(run(parse(sys.argv[1:])))

"""`svclab cloud`: the mock cloud of a cluster, through the API alone."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import click

from protos.kinds import CONFIG_MAPS, SERVICES
from svclab.cli.command import CommandGroup
from svclab.cli.errors import BadUsage
from svclab.cli.settings import client, namespace
from svclab.cli.tables import NONE, TableWriter
from svclab.client import errors

EXAMPLES = """
# Show each load balancer: its addresses and the nodes behind them
svclab cloud status

# Let the cloud refuse every load balancer, then no more
svclab cloud fault quota
svclab cloud fault none

# Give one service another address
svclab cloud fault readdress web
"""

SYSTEM, FAULTS, STATUS = "kube-system", "cloud-faults", "cloud-status"
FAULT_KEY, FAULT_ANNOTATION = "fault", "cloud.svclab.dev/fault"
NO_FAULT = "none"
HEADER = ("NAMESPACE", "NAME", "MODE", "ADDRESS", "PORTS", "HEALTHY", "UNHEALTHY", "FAULT")
_FAULT = re.compile(r"(slow|error)(=\d+(\.\d+)?s?)?|quota|readdress(=\S+)?|none")


@click.group("cloud", cls=CommandGroup, examples=EXAMPLES, usage="COMMAND")
def cloud() -> None:
    """Show the mock cloud's load balancers, or let it fail on purpose."""


class Row(NamedTuple):
    """One address of one service; "" where there is nothing to say."""

    namespace: str
    name: str
    mode: str
    address: str
    ports: str
    healthy: list[str]
    unhealthy: list[str]
    fault: str

    def cells(self) -> list[str]:
        """As the table shows it."""
        lists = [",".join(nodes) or NONE for nodes in (self.healthy, self.unhealthy)]
        return [
            self.namespace,
            self.name,
            self.mode,
            self.address or "<pending>",
            self.ports,
            *lists,
            self.fault or NONE,
        ]


@cloud.command("status", usage="[-o json]")
@click.option("-o", "--output", type=click.Choice(["json"]), help="Output format.")
def status(output: str | None) -> None:
    """Show the load balancers of all namespaces, and the nodes that each of their addresses leads to."""
    shown = _data(STATUS)
    everywhere = _data(FAULTS).get(FAULT_KEY, "")
    services = [item for item in client().list(SERVICES).items if item.spec.type == "LoadBalancer"]
    rows = [row for service in services for row in _rows(service, shown, everywhere)]
    if output == "json":
        click.echo(json.dumps([row._asdict() for row in rows], indent=2))
    elif rows:
        click.echo(TableWriter(()).align([HEADER, *(row.cells() for row in rows)]), nl=False)
    else:
        click.echo("No services of type LoadBalancer.", err=True)


def _rows(service: Any, shown: dict[str, str], everywhere: str) -> Iterator[Row]:
    meta = service.metadata
    told = json.loads(shown.get(f"{meta.namespace}.{meta.name}", "{}"))
    fault = meta.annotations.get(FAULT_ANNOTATION, "") or everywhere
    ports = ",".join(f"{port.port}/{port.protocol}" for port in service.spec.ports)
    for address in [entry.ip for entry in service.status.loadBalancer.ingress] or [""]:
        nodes = told.get("nodes", {}).get(address, {})
        behind = nodes.get("healthy", []), nodes.get("unhealthy", [])
        yield Row(meta.namespace, meta.name, told.get("mode", NONE), address, ports, *behind, fault)


@cloud.command("fault", usage="(slow[=SECONDS] | error[=SECONDS] | quota | readdress | none) [SERVICE]")
@click.argument("fault")
@click.argument("service", default="")
def set_fault(fault: str, service: str) -> None:
    """Let the cloud fail for one service, or for all.

    slow: provisioning takes so long (10s). error: its API answers 503 for so long (30s). quota: no load balancer can be
    had. readdress: the address changes once. none: no fault any more.
    """
    if not _FAULT.fullmatch(fault):
        raise BadUsage(f'fault "{fault}" must be slow[=SECONDS], error[=SECONDS], quota, readdress or none')
    if fault == "readdress":
        fault = f"readdress={time.time_ns()}"  # each one counts
    if service:
        _set_for_service(service, fault)
    else:
        _set_for_all(fault)
    what = f"service/{service}" if service else "all services"
    click.echo(f"{what}: {'no fault' if fault == NO_FAULT else fault}")


def _set_for_service(name: str, fault: str) -> None:
    value = None if fault == NO_FAULT else fault
    patch = {"metadata": {"annotations": {FAULT_ANNOTATION: value}}}
    client().patch(SERVICES, name.removeprefix("service/").removeprefix("svc/"), namespace(), patch, type="merge")


def _set_for_all(fault: str) -> None:
    from protos.kubernetes import core_pb2, meta_pb2

    data = {} if fault == NO_FAULT else {FAULT_KEY: fault}
    config_map = core_pb2.ConfigMap(metadata=meta_pb2.ObjectMeta(namespace=SYSTEM, name=FAULTS), data=data)
    try:
        client().update(config_map)
    except errors.NotFound:
        client().create(config_map)


def _data(name: str) -> dict[str, str]:
    """The content of one of the cloud's ConfigMaps; nothing where it is not there."""
    try:
        return dict(client().get(CONFIG_MAPS, name, SYSTEM).data)
    except errors.NotFound:
        return {}

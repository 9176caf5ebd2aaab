"""`svclab status`."""

import json
import os
from dataclasses import asdict

import click

from svclab.cli.command import command
from svclab.cli.lifecycle.choice import cluster_errors, known_cluster
from svclab.cli.tables import TableWriter
from svclab.cluster.status import ClusterStatus, observe


@command("status", usage="[-o json]")
@click.option("--name", help="Name of the cluster.")
@click.option("-o", "--output", type=click.Choice(["json"]), help="Output format.")
def status(name: str | None, output: str | None) -> None:
    """Show the processes and nodes of a cluster, running or stopped."""
    with cluster_errors():
        seen = observe(known_cluster(name))
    if output == "json":
        click.echo(json.dumps(asdict(seen), indent=2))
    else:
        _print(seen)


def _print(seen: ClusterStatus) -> None:
    click.echo(f"Cluster:  {seen.name} ({seen.status}, driver {seen.driver}, store {seen.store})")
    click.echo(f"Versions: svclab {seen.version}, kernel {os.uname().release}")
    click.echo(f"Networks: nodes {seen.node_subnet}, pods {seen.pod_subnet}, services {seen.service_subnet}")
    click.echo(f"Folder:   {seen.folder}\n")
    processes = [
        (p.name, p.status, str(p.pid or ""), f"{p.rss >> 20} MiB" if p.rss else "", p.log) for p in seen.processes
    ]
    click.echo(TableWriter(()).align([("PROCESS", "STATUS", "PID", "RSS", "LOG"), *processes]))
    nodes = [(n.name, n.status, ",".join(n.addresses), ",".join(n.disconnected_from) or "<none>") for n in seen.nodes]
    click.echo(TableWriter(()).align([("NODE", "STATUS", "ADDRESSES", "DISCONNECTED FROM"), *nodes]), nl=False)

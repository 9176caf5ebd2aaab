"""`svclab cluster-info`."""

import click

from protos.kinds import SERVICES
from svclab.cli.command import command
from svclab.cli.settings import client

EXAMPLES = """
# Print the address of the control plane and cluster services
svclab cluster-info
"""

_CLUSTER_SERVICE = "kubernetes.io/cluster-service=true"


@command("cluster-info", examples=EXAMPLES)
def cluster_info() -> None:
    """Display addresses of the control plane, and of the services with label kubernetes.io/cluster-service=true."""
    api = client()
    answer = api.version()
    click.echo(f"svclab control plane of cluster {answer.clusterName!r} is running at {api.target}")
    for service in api.list(SERVICES, "kube-system", label_selector=_CLUSTER_SERVICE).items:
        name = service.metadata.labels.get("kubernetes.io/name") or service.metadata.name
        ports = ",".join(f"{port.port}/{port.protocol}" for port in service.spec.ports)
        click.echo(f"{name} is running at {service.spec.clusterIP} ({ports})")

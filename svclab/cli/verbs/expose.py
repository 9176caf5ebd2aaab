"""`svclab expose`."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from protos.kubernetes import core_pb2
from svclab.cli import options
from svclab.cli.command import command
from svclab.cli.errors import BadUsage, CliError
from svclab.cli.key_values import parse_pairs
from svclab.cli.ports import parse_port, target_port
from svclab.cli.selection import one_object
from svclab.cli.settings import client
from svclab.cli.verbs.create_object import CreationOptions, create_object, creation_options

EXAMPLES = """
# A service in front of the pod 'web': its port 80 leads to port 8080 of the pod
svclab expose pod web --port=80 --target-port=8080

# The same as a NodePort service with a name of its own
svclab expose pod web --port=80 --type=NodePort --name=frontend

# A second service with the selector of another one
svclab expose service web --port=443 --target-port=8443 --name=web-https
"""


@command(
    "expose",
    examples=EXAMPLES,
    usage="(TYPE NAME | TYPE/NAME) [--port=port] [--protocol=TCP|UDP|SCTP] [--target-port=number-or-name] [options]",
)
@options.resources
@click.option(
    "--port",
    "ports",
    default="",
    help="The port that the service should serve on. Copied from the resource being exposed, if unspecified.",
)
@click.option(
    "--target-port",
    "target",
    default="",
    help="Name or number for the port on the container that the service should direct traffic to.",
)
@click.option("--protocol", default="", help="The network protocol for the service to be created. Default is 'TCP'.")
@click.option(
    "--type",
    "service_type",
    default="",
    help="Type for this service: ClusterIP, NodePort, LoadBalancer, or ExternalName. Default is 'ClusterIP'.",
)
@click.option("--name", default="", help="The name for the newly created object.")
@click.option(
    "--selector",
    default="",
    help="A label selector to use for this service. If empty (the default), that of the resource is used.",
)
@click.option("-l", "--labels", default="", help="Labels to apply to the service created by this call.")
@click.option(
    "--cluster-ip", default="", help="ClusterIP to be assigned to the service, or 'None' to create a headless service."
)
@click.option("--external-ip", default="", help="Additional external IP address to set for the service.")
@click.option("--load-balancer-ip", default="", help="IP to assign to the LoadBalancer.")
@click.option(
    "--session-affinity", default="", help="If non-empty, set the session affinity: legal values: 'None', 'ClientIP'."
)
@creation_options
@options.given_as(CreationOptions)
def expose(
    creation: CreationOptions,
    words: tuple[str, ...],
    ports: str,
    target: str,
    protocol: str,
    service_type: str,
    name: str,
    selector: str,
    labels: str,
    cluster_ip: str,
    external_ip: str,
    load_balancer_ip: str,
    session_affinity: str,
) -> None:
    """Expose a resource as a new Kubernetes service.

    Looks up a pod or a service by name and uses its labels or its selector as the selector of a new service on the
    specified port.
    """
    request = one_object(words, "expose")
    if request.kind.kind not in ("Pod", "Service"):
        raise CliError(f"cannot expose a {request.kind.kind}")
    source = client().get(request.kind, request.name, request.namespace)
    made = core_pb2.Service()
    made.metadata.name = name or request.name
    made.metadata.labels.update(parse_pairs(labels, "labels") if labels else source.metadata.labels)
    made.spec.selector.update(parse_pairs(selector, "selector") if selector else _selector(source))
    made.spec.ports.extend(_ports(source, ports, target, protocol))
    made.spec.type = service_type
    made.spec.clusterIP = cluster_ip
    made.spec.loadBalancerIP = load_balancer_ip
    made.spec.sessionAffinity = session_affinity
    made.spec.externalIPs.extend([external_ip] if external_ip else [])
    create_object(made, creation, "exposed")


def _selector(source: Any) -> Mapping[str, str]:
    if isinstance(source, core_pb2.Service):
        if not source.spec.selector:
            raise CliError(
                "couldn't retrieve selectors via --selector flag or introspection: the service has no pod selector set"
            )
        return dict(source.spec.selector)
    if not source.metadata.labels:
        raise CliError(
            "couldn't retrieve selectors via --selector flag or introspection: "
            "the pod has no labels and cannot be exposed"
        )
    return dict(source.metadata.labels)


def _ports(source: Any, ports: str, target: str, protocol: str) -> Sequence[Any]:
    numbers = [(parse_port(port), protocol) for port in ports.split(",") if port] or _ports_of(source, protocol)
    if not numbers:
        raise BadUsage("couldn't find port via --port flag or introspection")
    made = []
    for at, (number, named_protocol) in enumerate(numbers, 1):
        made.append(
            core_pb2.ServicePort(
                name=f"port-{at}" if len(numbers) > 1 else "",
                protocol=named_protocol or "TCP",
                port=number,
                targetPort=target_port(target or str(number)),
            )
        )
    return made


def _ports_of(source: Any, protocol: str) -> list[tuple[int, str]]:
    if isinstance(source, core_pb2.Service):
        return [(port.port, protocol or port.protocol) for port in source.spec.ports]
    containers = source.spec.containers
    return [(port.containerPort, protocol or port.protocol) for container in containers for port in container.ports]

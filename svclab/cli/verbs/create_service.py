"""`svclab create service clusterip|nodeport|loadbalancer|externalname`."""

from collections.abc import Sequence
from typing import Any

import click

from protos.kubernetes import core_pb2
from svclab.cli import options
from svclab.cli.command import CommandGroup
from svclab.cli.errors import BadUsage
from svclab.cli.ports import parse_port, target_port
from svclab.cli.verbs.create_object import CreationOptions, create_object, creation_options

_tcp = click.option("--tcp", multiple=True, help="Port pairs can be specified as '<port>:<targetPort>'.")


@click.group(
    "service",
    cls=CommandGroup,
    examples="svclab create service clusterip web --tcp=80:8080",
    usage="COMMAND NAME [options]",
)
def service() -> None:
    """Create a service using a specified subcommand. Alias: svc."""


@service.command(
    "clusterip",
    examples="""
# A service whose port 5678 leads to port 8080 of its pods
svclab create service clusterip web --tcp=5678:8080

# A headless service
svclab create service clusterip web --clusterip=None
""",
    usage="NAME [--tcp=<port>:<targetPort>] [options]",
)
@click.argument("name")
@_tcp
@click.option("--clusterip", default="", help="Assign your own ClusterIP, or 'None' for a headless service.")
@creation_options
@options.given_as(CreationOptions)
def clusterip(creation: CreationOptions, name: str, tcp: tuple[str, ...], clusterip: str) -> None:
    """Create a ClusterIP service."""
    made = _service(name, "ClusterIP", tcp if clusterip == "None" else _required(tcp))
    made.spec.clusterIP = clusterip
    create_object(made, creation)


@service.command(
    "nodeport",
    examples="svclab create service nodeport web --tcp=5678:8080 --node-port=30080",
    usage="NAME [--tcp=<port>:<targetPort>] [options]",
)
@click.argument("name")
@_tcp
@click.option("--node-port", type=int, default=0, help="Port used to expose the service on each node in a cluster.")
@creation_options
@options.given_as(CreationOptions)
def nodeport(creation: CreationOptions, name: str, tcp: tuple[str, ...], node_port: int) -> None:
    """Create a NodePort service."""
    made = _service(name, "NodePort", _required(tcp))
    for port in made.spec.ports:
        port.nodePort = node_port
    create_object(made, creation)


@service.command(
    "loadbalancer",
    examples="svclab create service loadbalancer web --tcp=5678:8080",
    usage="NAME [--tcp=<port>:<targetPort>] [options]",
)
@click.argument("name")
@_tcp
@creation_options
@options.given_as(CreationOptions)
def loadbalancer(creation: CreationOptions, name: str, tcp: tuple[str, ...]) -> None:
    """Create a LoadBalancer service."""
    create_object(_service(name, "LoadBalancer", _required(tcp)), creation)


@service.command(
    "externalname",
    examples="svclab create service externalname db --external-name db.example.com",
    usage="NAME --external-name external.name [options]",
)
@click.argument("name")
@click.option("--external-name", required=True, help="External name of the service.")
@_tcp
@creation_options
@options.given_as(CreationOptions)
def externalname(creation: CreationOptions, name: str, external_name: str, tcp: tuple[str, ...]) -> None:
    """Create an ExternalName service."""
    made = _service(name, "ExternalName", tcp)
    made.spec.externalName = external_name
    create_object(made, creation)


def _required(pairs: Sequence[str]) -> Sequence[str]:
    if not pairs:
        raise BadUsage("at least one tcp port specifier must be provided")
    return pairs


def _service(name: str, service_type: str, pairs: Sequence[str]) -> Any:
    made = core_pb2.Service(spec=core_pb2.ServiceSpec(type=service_type, selector={"app": name}))
    made.metadata.name = name
    made.metadata.labels["app"] = name
    for pair in pairs:
        port, _, target = pair.partition(":")
        number = parse_port(port)
        made.spec.ports.add(
            name=pair.replace(":", "-"), protocol="TCP", port=number, targetPort=target_port(target or port)
        )
    return made

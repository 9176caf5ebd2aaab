"""`svclab port-forward`."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from svclab.cli import options
from svclab.cli.command import command
from svclab.cli.errors import BadUsage, CliError
from svclab.cli.forwarding import Forwarder, serve
from svclab.cli.pod_choice import pods_of
from svclab.cli.ports import parse_port
from svclab.cli.selection import Request, one_object
from svclab.cli.settings import client

EXAMPLES = """
# Listen on ports 5000 and 6000, forwarding to the same ports of the pod
svclab port-forward pod/web 5000 6000

# Listen on port 8443, forwarding to the target of the service's port named "https" in one of its pods
svclab port-forward service/web 8443:https

# Listen on a port that is free
svclab port-forward pod/web :8080

# Listen on all addresses
svclab port-forward --address 0.0.0.0 pod/web 8888:8080
"""


@dataclass(frozen=True)
class PortPair:
    """`LOCAL:REMOTE`; local 0: any free port. Remote: a number or a name."""

    local: int
    remote: str


@command(
    "port-forward",
    examples=EXAMPLES,
    usage="TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT [...[LOCAL_PORT_N:]REMOTE_PORT_N]",
)
@options.resources
@click.option(
    "--address",
    multiple=True,
    default=("localhost",),
    help="Addresses to listen on (comma separated); localhost means 127.0.0.1 and ::1.",
)
def port_forward(words: tuple[str, ...], address: tuple[str, ...]) -> None:
    """Forward one or more local ports to a pod.

    Of a service's pods a ready one is chosen for each connection. The forwarding ends with Ctrl-C.
    """
    split = 2 if len(words) > 2 and "/" not in words[0] and not _is_port(words[1]) else 1
    if len(words) <= split:
        raise BadUsage("TYPE/NAME and list of ports are required for port-forward")
    request = one_object(words[:split], "port-forward", default="pods")
    pairs = [parse_pair(word) for word in words[split:]]
    choose = _destination(request)
    ports = {pair.remote: choose(pair.remote)[1] for pair in pairs}  # fails now rather than at the first connection
    addresses = options.words(address)
    forwarders = [forwarder for pair in pairs for forwarder in _listen(pair, addresses, choose)]
    for forwarder in forwarders:
        click.echo(f"Forwarding from {forwarder.address} -> {ports[forwarder.remote]}")
    serve(forwarders)


def _is_port(word: str) -> bool:
    return all(part.isdecimal() for part in word.split(":") if part)


def parse_pair(text: str) -> PortPair:
    """Reads `[LOCAL:]REMOTE`. Raises BadUsage."""
    local, colon, remote = text.partition(":")
    remote = remote if colon else local
    if not remote:
        raise BadUsage(f'invalid port "{text}": must be [LOCAL_PORT:]REMOTE_PORT')
    if remote.isdecimal():
        parse_port(remote)
    if not colon:
        return PortPair(int(remote) if remote.isdecimal() else 0, remote)
    return PortPair(parse_port(local) if local else 0, remote)


Destination = Callable[[str], tuple[Any, int]]


def _destination(request: Request) -> Destination:
    """Finds pod and port number for a remote port. Raises CliError."""
    if request.kind.kind == "Pod":

        def of_pod(remote: str) -> tuple[Any, int]:
            pod = client().get(request.kind, request.name, request.namespace)
            if pod.status.phase != "Running":
                raise CliError(f"unable to forward port because pod is not running. Current status={pod.status.phase}")
            return pod, container_port(pod, remote)

        return of_pod

    def of_service(remote: str) -> tuple[Any, int]:
        pod = pods_of(request)[0]
        service = client().get(request.kind, request.name, request.namespace)
        return pod, container_port(pod, service_target(service, remote))

    return of_service


def service_target(service: Any, remote: str) -> str:
    """The target port, number or name, of a Service's port."""
    for port in service.spec.ports:
        if remote in (str(port.port), port.name):
            target = port.targetPort.strVal if port.targetPort.type else str(port.targetPort.intVal)
            return str(port.port) if service.spec.clusterIP == "None" else target
    raise CliError(f"Service {service.metadata.name} does not have a service port {remote}")


def container_port(pod: Any, remote: str) -> int:
    """The number of a pod's port that may be given by name."""
    if remote.isdecimal():
        return parse_port(remote)
    for container in pod.spec.containers:
        for port in container.ports:
            if port.name == remote:
                return int(port.containerPort)
    raise CliError(f"Pod '{pod.metadata.name}' does not have a named port '{remote}'")


def _listen(pair: PortPair, addresses: list[str], choose: Destination) -> list[Forwarder]:
    """Listeners on all addresses, on one port. Raises CliError if not one address is free."""
    found: list[Forwarder] = []
    faults: list[str] = []
    local = pair.local
    for host in [item for name in addresses for item in (["127.0.0.1", "::1"] if name == "localhost" else [name])]:
        try:
            listener = socket.create_server((host, local), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        except OSError as error:
            faults.append(f"unable to listen on {host}:{local}: {os.strerror(error.errno) if error.errno else error}")
            continue
        local = listener.getsockname()[1]
        found.append(Forwarder(listener, pair.remote, choose))
    if not found:
        raise CliError("; ".join(faults))
    if faults and any("already" in fault or "in use" in fault for fault in faults):
        raise CliError("; ".join(faults))
    return found

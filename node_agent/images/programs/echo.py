"""Tells who answers and who asked, over HTTP, TCP, UDP and SCTP: the `echo` image, and agnhost's `netexec`.

Arguments, paths and datagrams are those of agnhost netexec (kubernetes/test/images/agnhost/README.md); `/`, and any
line that is not one of its commands, is answered by the pod's name, namespace, node and address and the client's.
"""

import os
import socket
import sys
from collections.abc import Callable

from node_agent.images.programs import flags, serving
from node_agent.images.programs.http import Request, Response

FLAGS = {
    "http-port": "8080",
    "udp-port": "8081",
    "sctp-port": "-1",
    "tcp-port": "-1",
    "delay-shutdown": "0",
    "text": "",
}
KINDS = ("pod", "namespace", "node", "ip")


def identity(client: str) -> dict[str, str]:
    """Who answers, from the environment that the node agent gives to the catalogue's programs, and to whom."""
    return {kind: os.environ.get(f"SVCLAB_{kind.upper()}", "") for kind in KINDS} | {"client": client}


def answer(text: str, client: str) -> str:
    """The answer to one line or datagram."""
    command, _, argument = text.partition(" ")
    match command.lower():
        case "hostname":
            return socket.gethostname()
        case "clientip":
            return client
        case "echo":
            return argument
    return " ".join(f"{kind}={value}" for kind, value in identity(client).items())


def _health(request: Request, client: str) -> Response:
    return Response()


def _root(request: Request, client: str) -> Response:
    lines = [f"{kind}: {value}" for kind, value in identity(client).items()]
    return Response.text("\n".join(lines) + "\n")


def _echo(request: Request, client: str) -> Response:
    message = request.query.get("msg", request.body.decode(errors="replace"))
    return Response.text(message, int(request.query.get("code", "200")))


def _header(request: Request, client: str) -> Response:
    return Response.text(request.headers.get(request.query.get("key", "").lower(), ""))


def _hostname(request: Request, client: str) -> Response:
    return Response.text(socket.gethostname())


def _client_ip(request: Request, client: str) -> Response:
    return Response.text(client)


def _exit(request: Request, client: str) -> Response:
    return Response(exit_code=int(request.query.get("code", "0")))


PATHS: dict[str, Callable[[Request, str], Response]] = {
    "/": _root,
    "/clientip": _client_ip,
    "/echo": _echo,
    "/exit": _exit,
    "/header": _header,
    "/healthz": _health,
    "/hostname": _hostname,
    "/hostName": _hostname,
}


def respond(request: Request, client: str) -> Response:
    handler = PATHS.get(request.path)
    if handler is None:
        return Response.text(f"no such path: {request.path}\n", 404)
    try:
        return handler(request, client)
    except ValueError as error:
        return Response.text(f"{error}\n", 400)


def main(arguments: list[str]) -> None:
    try:
        values = flags.parse(arguments, FLAGS)
        server = serving.Server(respond, answer, float(values["delay-shutdown"]))
        for port in flags.numbers(values["http-port"]) + flags.numbers(values["tcp-port"]):
            server.listen(port)
        for port in flags.numbers(values["udp-port"]):
            server.listen_udp(port)
        for port in flags.numbers(values["sctp-port"]):
            server.listen(port, protocol=serving.IPPROTO_SCTP)
    except (OSError, ValueError) as error:
        sys.exit(serving.fail(error))
    sys.exit(server.run())

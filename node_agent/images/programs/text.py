"""Answers every request with the same text: hashicorp/http-echo, and agnhost's `serve-hostname`."""

import socket
import sys

from node_agent.images.programs import flags, serving
from node_agent.images.programs.http import Request, Response

HTTP_ECHO = {"text": "hello-world", "listen": ":5678", "status-code": "200", "version": ""}
SERVE_HOSTNAME = {"port": "9376", "http": "true", "tcp": "false", "udp": "false", "close": "false"}


def server_of(text: str, status: int = 200) -> serving.Server:
    def respond(request: Request, client: str) -> Response:
        if request.path == "/health":
            return Response(b'{"status":"ok"}\n', content_type="application/json")
        return Response.text(text + "\n", status)

    return serving.Server(respond, lambda line, client: text)


def http_echo(arguments: list[str]) -> serving.Server:
    values = flags.parse(arguments, HTTP_ECHO)
    server = server_of(values["text"], int(values["status-code"]))
    server.listen(int(values["listen"].rpartition(":")[2]))
    return server


def serve_hostname(arguments: list[str]) -> serving.Server:
    values = flags.parse(arguments, SERVE_HOSTNAME)
    server = server_of(socket.gethostname())
    port = int(values["port"])
    if values["http"] == "true" or values["tcp"] == "true":
        server.listen(port)
    if values["udp"] == "true":
        server.listen_udp(port)
    return server


KINDS = {"http-echo": http_echo, "serve-hostname": serve_hostname}


def main(arguments: list[str]) -> None:
    """The first argument says which of the two."""
    try:
        server = KINDS[arguments[0]](arguments[1:])
    except (OSError, ValueError) as error:
        sys.exit(serving.fail(error))
    sys.exit(server.run())

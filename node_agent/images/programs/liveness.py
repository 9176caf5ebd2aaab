"""agnhost's `liveness`, of Kubernetes' page on probes: healthy on /healthz for ten seconds, and not any more then."""

import sys
import time
from collections.abc import Callable

from node_agent.images.programs import serving
from node_agent.images.programs.http import Request, Response

HEALTHY_SECONDS = 10.0
PORT = 8080


def responder(now: Callable[[], float]) -> serving.Respond:
    """Answers by the time since it was made; `now` is a clock in seconds."""
    started = now()

    def respond(request: Request, client: str) -> Response:
        age = now() - started
        if request.path == "/started":
            return Response.text(f"{age:.9f}s")
        if request.path != "/healthz":
            return Response.text("404 page not found\n", 404)
        return Response.text("ok") if age <= HEALTHY_SECONDS else Response.text(f"error: {age}", 500)

    return respond


def main(arguments: list[str]) -> None:
    if arguments:
        sys.exit(serving.fail(ValueError(f"unknown argument {arguments[0]}: liveness takes none")))
    server = serving.Server(responder(time.monotonic), lambda line, client: "")
    try:
        server.listen(PORT)
    except OSError as error:
        sys.exit(serving.fail(error))
    sys.exit(server.run())

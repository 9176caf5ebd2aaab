"""Serves files and keeps an access log, as the nginx and httpd images do. Arguments: PORT, FOLDER, welcome text."""

import os
import sys
import time

from node_agent.images.programs import serving
from node_agent.images.programs.http import Request, Response

TYPES = {
    "css": "text/css",
    "gif": "image/gif",
    "html": "text/html",
    "jpg": "image/jpeg",
    "js": "application/javascript",
    "json": "application/json",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain",
}
MISSING = b"<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>\n"


def find(folder: str, path: str) -> str | None:
    """The file that a path names, an index for a folder; None if there is none or it lies outside the folder."""
    inside = os.path.realpath(folder)
    file = os.path.realpath(inside + "/" + path)
    if os.path.isdir(file):
        file = os.path.join(file, "index.html")
    return file if os.path.isfile(file) and os.path.commonpath((inside, os.path.realpath(file))) == inside else None


def page(folder: str, welcome: str, path: str) -> Response:
    file = find(folder, path)
    if file is None:
        if path in ("/", "/index.html"):
            title = f"<html><head><title>{welcome}</title></head><body><h1>{welcome}</h1></body></html>\n"
            return Response(title.encode(), content_type="text/html")
        return Response(MISSING, 404, "text/html")
    with open(file, "rb") as opened:
        return Response(opened.read(), content_type=TYPES.get(file.rpartition(".")[2], "application/octet-stream"))


def main(arguments: list[str]) -> None:
    port, folder, welcome = int(arguments[0]), arguments[1], arguments[2]

    def respond(request: Request, client: str) -> Response:
        response = page(folder, welcome, request.path)
        moment = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime())
        agent = request.headers.get("user-agent", "-")
        line = f'"{request.method} {request.path} HTTP/1.1" {response.status} {len(response.body)} "-" "{agent}"'
        print(f"{client.rpartition(':')[0].strip('[]')} - - [{moment}] {line}", flush=True)
        return response

    server = serving.Server(respond, lambda line, client: "")
    try:
        server.listen(port)
    except OSError as error:
        sys.exit(serving.fail(error))
    sys.exit(server.run())

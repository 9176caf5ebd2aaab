"""The image of the cluster's DNS: the only one whose program asks the API server, so the only one that is led there."""

import os
import sys
from pathlib import Path

from node_agent.images.catalogue import HOME, INSIDE, PACKAGE, PATH, Image

NAMES = ("cluster-dns", "coredns")
PACKAGES = ("cluster_dns", "protos", "svclab")
INTERPRETER = f"{os.path.realpath(sys.prefix)}/bin/{os.path.basename(sys.executable)}"  # that knows the libraries
RUN = "/run/svclab"  # where the container finds the API server's socket, or its credentials


def images(server: str, credentials: Path | None) -> dict[str, Image]:
    """The catalogue's entries for a server at unix:/path, or at host:port with the credentials of the cluster's DNS.

    The folder is bound, not the socket or the files in it: they are made anew again and again.
    """
    address: tuple[str, ...] = ("--server", server)
    folder = credentials
    if server.startswith("unix:"):
        socket = Path(server.removeprefix("unix:"))
        address, folder = ("--server", f"unix:{RUN}/{socket.name}"), socket.parent
    elif credentials:
        address = (*address, "--credentials", RUN)
    image = Image(
        entrypoint=(INTERPRETER, "-s", "-m", "cluster_dns", *address),
        env={"PATH": PATH, "HOME": HOME, "PYTHONPATH": INSIDE, "PYTHONUNBUFFERED": "1"},
        binaries=("/coredns", "coredns"),
        binds=(
            *((str(PACKAGE.parent / name), f"{INSIDE}/{name}", True) for name in PACKAGES),
            *([(str(folder), RUN, True)] if folder else ()),
        ),
    )
    return dict.fromkeys(NAMES, image)

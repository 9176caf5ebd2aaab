"""Which program stands for which image. A name matches whatever its registry, tag or digest."""

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

INSIDE = "/svclab"  # where containers find the package `node_agent`
PACKAGE = Path(__file__).parents[1]
INTERPRETER = os.path.realpath(sys.executable)
HOME = "/root"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Program:
    """What a container runs."""

    argv: tuple[str, ...]
    says_listening: bool  # it tells when it listens: nobody is told "started" before


@dataclass(frozen=True)
class Image:
    """What an image brings: as in the config of an OCI image."""

    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=lambda: {"PATH": PATH, "HOME": HOME})
    working_dir: str = "/"
    says_listening: bool = False  # of the entrypoint
    binaries: tuple[str, ...] = ()  # what the entrypoint is called inside the real image
    binds: tuple[tuple[str, str, bool], ...] = ()  # of this machine: source, place in the container, read-only

    def program(self, command: Sequence[str], args: Sequence[str]) -> Program:
        """What runs for a container's command and args.

        https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/
        """
        if not command:
            return Program((*self.entrypoint, *(args or self.cmd)), self.says_listening)
        if command[0] in self.binaries:
            return Program((*self.entrypoint, *command[1:], *args), self.says_listening)
        return Program((*command, *args), says_listening=False)


def _ours(program: str, *arguments: str, cmd: tuple[str, ...] = (), binaries: tuple[str, ...] = ()) -> Image:
    run = (INTERPRETER, "-I", "-S", f"{INSIDE}/node_agent/images/programs", program, *arguments)
    return Image(entrypoint=run, cmd=cmd, says_listening=True, binaries=binaries)


def _shell(shell: str = "sh") -> Image:
    return Image(cmd=(shell,))


_CURL = Image(entrypoint=("/bin/sh", "-c", 'command -v "$1" >/dev/null && exec "$@"; exec curl "$@"', "curl"))
_NGINX_BINARIES = ("nginx", "/usr/sbin/nginx", "/docker-entrypoint.sh")
_NGINX = "/usr/share/nginx/html"

IMAGES: dict[str, Image] = {
    "agnhost": _ours("agnhost", cmd=("pause",), binaries=("/agnhost", "agnhost")),
    "alpine": _shell(),
    "bash": _shell("bash"),
    "busybox": _shell(),
    "curl": _CURL,
    "debian": _shell("bash"),
    "echo": _ours("echo", cmd=("--udp-port=8080,8081",)),
    "http-echo": _ours("text", "http-echo", binaries=("/http-echo", "http-echo")),
    "httpd": _ours("static", "80", "/usr/local/apache2/htdocs", "It works!", binaries=("httpd-foreground",)),
    "nginx": _ours("static", "80", _NGINX, "Welcome to nginx!", binaries=_NGINX_BINARIES),
    "nginx-unprivileged": _ours("static", "8080", _NGINX, "Welcome to nginx!", binaries=_NGINX_BINARIES),
    "pause": Image(entrypoint=("sleep", "infinity"), binaries=("/pause",)),
    "python": Image(cmd=("python3",)),
    "ubuntu": _shell("bash"),
}

_REFERENCE = re.compile(
    r"(?:[a-z0-9._:-]+/)*(?P<name>[a-z0-9]+(?:[._-]+[a-z0-9]+)*)(?::[\w][\w.-]*)?(?:@\w+:[0-9a-f]+)?"
)


class UnknownImage(Exception):
    """No program stands for the image; the text says what there is."""


class InvalidImageName(Exception):
    """The text is not an image reference."""


def find(reference: str, additions: dict[str, Image] | None = None) -> Image:
    """The image that a reference such as `registry.k8s.io/pause:3.10` names. Raises UnknownImage, InvalidImageName."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise InvalidImageName(f'couldn\'t parse image name "{reference}": invalid reference format')
    images = {**IMAGES, **(additions or {})}
    if match["name"] not in images:
        raise UnknownImage(
            f'no program for image "{reference}" in the catalogue, which has: {", ".join(sorted(images))}'
        )
    return images[match["name"]]

"""The image of every container: found by the content of what it is made from, or built."""

import os
import re
import subprocess
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from svclab.cluster.docker.source import contents, fingerprint, laid_out, recipe
from svclab.cluster.errors import ClusterError

_STEP = re.compile(r"Step \d+/|#\d+ \[")  # how the engine's two builders begin what they are doing
_SHOWN = 60  # characters
CHOSEN = "SVCLAB_IMAGE"  # the environment variable that names an image, which must exist then


def name() -> str:
    """The image for the code that runs here: by content, or by version where nothing to build it from is at hand."""
    if chosen := os.environ.get(CHOSEN):
        return chosen
    made_from = recipe()
    return f"svclab:{fingerprint(contents(made_from))}" if made_from else f"svclab:{version('svclab')}"


def ensure(api: Any, say: Callable[[str], None]) -> str:
    """The image's name, after it has been built where it was missing. Raises ClusterError."""
    wanted = name()
    if _exists(api, wanted):
        return wanted
    made_from = recipe()
    if os.environ.get(CHOSEN) or made_from is None:
        raise ClusterError(
            f"the image {wanted} is missing: build it in a clone of the repository with `compose/build-image {wanted}`"
        )
    say(f"build of the image {wanted} (about a minute, once)")
    with laid_out(made_from) as folder:
        build(wanted, folder, say)
    return wanted


def build(wanted: str, folder: Path, say: Callable[[str], None]) -> None:
    """Builds the image from a clone and says each step. Raises ClusterError with the end of the output."""
    lines: list[str] = []
    command = [str(folder / "compose" / "build-image"), wanted]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            if _STEP.match(line):
                say(f"build of the image {wanted}: {line.strip()[:_SHOWN]}")
    if process.returncode:
        raise ClusterError(f"the image {wanted} could not be built: {' / '.join(lines[-5:])}")


def _exists(api: Any, wanted: str) -> bool:
    import docker

    try:
        api.inspect_image(wanted)
    except docker.errors.ImageNotFound:
        return False
    return True

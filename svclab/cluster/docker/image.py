"""The image of every container: found by the content of what it is made from, or built."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from svclab.cluster.errors import ClusterError

ROOT = Path(__file__).parents[3]
BUILD = ROOT / "compose" / "build-image"
PACKAGES = ("apiserver", "cloud_controller", "cluster_dns", "node_agent", "protos", "svclab")
_STEP = re.compile(r"Step \d+/|#\d+ \[")  # how the engine's two builders begin what they are doing
_SHOWN = 60  # characters
CHOSEN = "SVCLAB_IMAGE"  # the environment variable that names an image, which must exist then


def name() -> str:
    """The image for the code that runs here: by content in a clone, by version where the package is installed."""
    if chosen := os.environ.get(CHOSEN):
        return chosen
    return f"svclab:{fingerprint(ROOT)}" if BUILD.exists() else f"svclab:{version('svclab')}"


def fingerprint(root: Path) -> str:
    """A hash of all files that go into the image."""
    digest = sha256()
    for path in sources(root):
        digest.update(f"{path.relative_to(root)}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def sources(root: Path) -> Iterator[Path]:
    """The files that go into the image."""
    yield root / "pyproject.toml"
    yield root / "compose" / "Dockerfile"
    yield from sorted((root / "compose").glob("svclab*"))
    yield from (root / "compose").glob("constraints.txt")
    for package in PACKAGES:
        files = (path for path in (root / package).rglob("*") if "__pycache__" not in path.parts and path.is_file())
        yield from sorted(path for path in files if path.suffix in {".py", ".yaml", ".proto"})


def ensure(api: Any, say: Callable[[str], None]) -> str:
    """The image's name, after it has been built where it was missing. Raises ClusterError."""
    wanted = name()
    if _exists(api, wanted):
        return wanted
    if os.environ.get(CHOSEN) or not BUILD.exists():
        raise ClusterError(
            f"the image {wanted} is missing: build it in a clone of the repository with `compose/build-image {wanted}`"
        )
    say(f"build of the image {wanted} (about a minute, once)")
    build(wanted, say)
    return wanted


def build(wanted: str, say: Callable[[str], None]) -> None:
    """Builds the image and says each step. Raises ClusterError with the end of the output."""
    lines: list[str] = []
    with subprocess.Popen([BUILD, wanted], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
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

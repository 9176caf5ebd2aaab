"""What the image is made from: the files of a clone, or those that an installed package brings along."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from tempfile import TemporaryDirectory

CODE = Path(__file__).parents[3]  # where the packages lie: the clone, or site-packages
PACKAGES = ("apiserver", "cloud_controller", "cluster_dns", "node_agent", "protos", "svclab")
SUFFIXES = {".py", ".yaml", ".proto"}
_RECIPE = "compose/Dockerfile"


def recipe() -> Path | None:
    """The folder with pyproject.toml and compose/Dockerfile; None where neither a clone nor the package has it."""
    if (CODE / _RECIPE).exists():
        return CODE
    try:
        installed = files("svclab") or []
    except PackageNotFoundError:
        return None
    found = (Path(str(file.locate())).resolve() for file in installed if file.match(f"share/svclab/{_RECIPE}"))
    return next((path.parents[1] for path in found if path.exists()), None)


def contents(recipe: Path, code: Path = CODE) -> Mapping[str, Path]:
    """The files that go into the image, by their place in a clone, in an order that is always the same."""
    kept = [recipe / "pyproject.toml", recipe / _RECIPE, recipe / "compose" / "constraints.txt"]
    kept += sorted((recipe / "compose").glob("svclab*"))
    found = {str(path.relative_to(recipe)): path for path in kept}
    for package in PACKAGES:
        for path in sorted((code / package).rglob("*")):
            if path.suffix in SUFFIXES and "__pycache__" not in path.parts:
                found[str(path.relative_to(code))] = path
    return found


def fingerprint(contents: Mapping[str, Path]) -> str:
    """A hash of the files: the same for a clone and for the package that was made of it."""
    digest = sha256()
    for place, path in contents.items():
        digest.update(f"{place}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


@contextmanager
def laid_out(recipe: Path, code: Path = CODE) -> Iterator[Path]:
    """A folder laid out as a clone is, for as long as the context lasts."""
    if recipe == code:
        yield recipe
        return
    with TemporaryDirectory(prefix="svclab-image-") as name:
        folder = Path(name)
        shutil.copytree(recipe, folder, dirs_exist_ok=True)
        for place, path in contents(recipe, code).items():
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / place)
        yield folder

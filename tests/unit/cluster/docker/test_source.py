"""What the image is made from, in a clone and where the package is installed."""

from importlib.metadata import PackagePath
from pathlib import Path

import pytest

from svclab.cluster.docker import image, source

RECIPE = ("pyproject.toml", "README.md", "compose/Dockerfile", "compose/build-image", "compose/constraints.txt")
CODE = ("protos/one.py", "svclab/cli/two.py", "apiserver/three.yaml")


def write(folder: Path, *places: str) -> None:
    for place in places:
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(place)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    write(tmp_path / "clone", *RECIPE, *CODE, "compose/svclab-node", "tests/four.py", "svclab/__pycache__/two.py")
    return tmp_path / "clone"


@pytest.fixture
def installed(tmp_path: Path) -> tuple[Path, Path]:
    """The folder of the recipe and that of the code."""
    write(tmp_path / "share" / "svclab", *RECIPE, "compose/svclab-node")
    write(tmp_path / "site-packages", *CODE, "click/five.py")
    return tmp_path / "share" / "svclab", tmp_path / "site-packages"


def test_a_change_of_the_code_is_another_image(clone: Path) -> None:
    first = source.fingerprint(source.contents(clone, clone))
    assert source.fingerprint(source.contents(clone, clone)) == first
    (clone / "tests" / "four.py").write_text("changed")
    assert source.fingerprint(source.contents(clone, clone)) == first
    (clone / "protos" / "one.py").write_text("changed")
    assert source.fingerprint(source.contents(clone, clone)) != first


def test_an_installed_package_means_the_image_of_its_clone(clone: Path, installed: tuple[Path, Path]) -> None:
    assert source.contents(*installed).keys() == source.contents(clone, clone).keys()
    assert source.fingerprint(source.contents(*installed)) == source.fingerprint(source.contents(clone, clone))


def test_an_installed_package_is_laid_out_as_a_clone(installed: tuple[Path, Path]) -> None:
    with source.laid_out(*installed) as folder:
        there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert there == {*RECIPE, *CODE, "compose/svclab-node"}
    assert not folder.exists()


def test_a_clone_is_used_as_it_is(clone: Path) -> None:
    with source.laid_out(clone, clone) as folder:
        assert folder == clone


def test_where_the_recipe_is(installed: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    assert source.recipe() == source.CODE
    recipe, code = installed
    monkeypatch.setattr(source, "CODE", code)

    class Record(PackagePath):
        def locate(self) -> Path:
            return code / self

    listed = [Record("svclab/cli/two.py"), Record("../share/svclab/compose/Dockerfile")]
    monkeypatch.setattr(source, "files", lambda name: listed)
    assert source.recipe() == recipe
    monkeypatch.setattr(source, "files", lambda name: listed[:1])
    assert source.recipe() is None


def test_an_image_may_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SVCLAB_IMAGE", "mine:1")
    assert image.name() == "mine:1"

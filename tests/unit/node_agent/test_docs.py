from pathlib import Path

import pytest

from node_agent.images.catalogue import IMAGES

DOCS = (Path(__file__).parents[3] / "docs" / "nodes.md").read_text()


@pytest.mark.parametrize("name", sorted(IMAGES))
def test_each_image_is_described(name: str) -> None:
    assert f"`{name}`" in DOCS


def test_each_event_is_described() -> None:
    package = Path(__file__).parents[3] / "node_agent" / "pods"
    told = "".join(path.read_text() for path in package.glob("*.py"))
    for reason in ("FailedPostStartHook", "FailedPreStopHook", "FailedCreatePodSandBox", "Unhealthy", "BackOff"):
        assert reason in told and reason in DOCS

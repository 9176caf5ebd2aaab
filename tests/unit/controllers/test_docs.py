"""The pages about the loops and the client say what the code does."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from protos import kinds
from svclab import client as public

if TYPE_CHECKING:
    from tests.unit.controllers.conftest import Cluster

ROOT = Path(__file__).parents[3]
CLIENT_PAGE = (ROOT / "docs/client.md").read_text()
CONTROLLERS_PAGE = (ROOT / "docs/controllers.md").read_text()


def test_every_loop_has_its_row() -> None:
    sources = (path.read_text() for path in (ROOT / "apiserver/controllers").rglob("*.py"))
    names = {name for source in sources for name in re.findall(r"Controller\[\w+\]\(\s*\"([\w-]+)\"", source)}
    assert names == set(re.findall(r"^\| `([\w-]+)` \|", CONTROLLERS_PAGE, re.MULTILINE))


def test_every_public_name_of_the_page_is_there() -> None:
    for name in ("Target", "Client", "SyncClient", "Informer", "Controller", "Retry", "Terminal", "Result"):
        assert f"`{name}" in CLIENT_PAGE or f"{name}(" in CLIENT_PAGE
        assert getattr(public, name)
    for method in re.findall(r"`(\w+)`", CLIENT_PAGE.partition("both have ")[2].partition(".")[0]):
        assert hasattr(public.Client, method)
        assert hasattr(public.SyncClient, method)


async def test_the_controller_of_the_page_runs(cluster: Cluster) -> None:
    (source,) = re.findall(r"```python\n(.*?)```", CLIENT_PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(source, names)
    task = asyncio.create_task(names["count_endpoints"](cluster.client))
    await cluster.add_node("node-1")
    await cluster.run_pod("a", "10.244.0.5", app="web")
    await cluster.add_service("web", app="web")
    await cluster.settle()
    service = await cluster.client.get(kinds.SERVICES, "web", "default")
    assert service.metadata.annotations["example.com/ready"] == "1"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

"""The layers of docs/architecture.md, read from the imports themselves."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("protos", "apiserver", "cloud_controller", "cluster_dns", "node_agent", "svclab", "tests", "bench")


@dataclass(frozen=True)
class Layer:
    """What a package may import of ours beside itself, and which modules it may never import."""

    package: str
    allowed: tuple[str, ...]
    never: tuple[str, ...] = ()


LAYERS = (
    Layer("protos", (), ("grpc", "asyncio", "socket", "subprocess")),
    Layer("svclab.client", ("protos",)),
    Layer("apiserver.store", (), ("grpc", "google")),
    Layer("apiserver.allocation", ("protos", "apiserver.store"), ("grpc",)),
    Layer("apiserver.registry", ("protos", "apiserver.store", "apiserver.allocation"), ("grpc",)),
    Layer("apiserver.controllers", ("protos", "svclab.client")),
    Layer("node_agent.nft", ()),
    Layer("node_agent.conntrack", ()),
    Layer("node_agent.proxy", ("protos", "node_agent.nft", "node_agent.conntrack")),
    Layer("node_agent", ("protos", "svclab.client")),
    Layer("cluster_dns", ("protos", "svclab.client")),
    Layer("cloud_controller", ("protos", "svclab.client", "node_agent.nft", "node_agent.conntrack")),
    Layer("svclab.cluster", ("protos", "svclab.client")),
    Layer("svclab.trace", ("protos",), ("asyncio", "grpc", "socket", "subprocess", "time")),
    Layer("svclab.trace.programs", ()),
    Layer("svclab.cli", ("protos", "svclab.client", "svclab.cluster", "svclab.trace")),
)
PURE_IO = ("asyncio", "grpc", "subprocess", "time", "socket")
PURE = (
    *(
        Layer(f"node_agent.proxy.{name}", ("protos", "node_agent.nft"), PURE_IO)
        for name in ("facts", "reading", "changes", "topology", "claims", "elements", "rules", "desired")
    ),
    *(
        Layer(f"cluster_dns.{name}", ("protos",), ("asyncio", "grpc", "socket"))
        for name in (
            *("names", "message", "wire", "encoder", "records"),
            *("zone", "lookup", "answers", "catalog", "cache", "traffic"),
        )
    ),
)
# The driver forks processes from one that has their modules loaded, so it names each `run` and `Config`.
EXCEPTIONS = {
    ("svclab.cluster", "apiserver.main"),
    ("svclab.cluster", "apiserver.config"),
    ("svclab.cluster", "node_agent.main"),
    ("svclab.cluster", "node_agent.config"),
    ("svclab.cluster", "cloud_controller.main"),
    ("svclab.cluster", "cloud_controller.config"),
}


def modules(package: str) -> Iterator[tuple[str, Path]]:
    base = ROOT / package.replace(".", "/")
    paths = base.rglob("*.py") if base.is_dir() else [base.with_suffix(".py")]
    for path in paths:
        if path.exists() and not path.stem.endswith(("_pb2", "_pb2_grpc")):
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts), path


def imports(path: Path, module: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".") if path.stem != "__init__" else module.split(".")
            base = ".".join(parts[: len(parts) - node.level]) + "." if node.level else ""
            origin = (base + (node.module or "")).rstrip(".")
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def owner(module: str) -> Layer:
    """The innermost layer that a module belongs to."""
    return max((layer for layer in LAYERS if within(module, layer.package)), key=lambda layer: len(layer.package))


def illegal(layer: Layer, module: str, path: Path) -> Iterator[str]:
    for name in imports(path, module):
        if any(within(name, word) for word in layer.never):
            yield f"{module} imports {name}: {layer.package} must never"
        if not any(within(name, word) for word in OURS) or within(name, layer.package):
            continue
        excepted = any(within(layer.package, a) and within(name, b) for a, b in EXCEPTIONS)
        if not excepted and not any(within(name, word) for word in layer.allowed):
            yield f"{module} imports {name}: {layer.package} may import {layer.allowed or 'nothing of ours'}"


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.package)
def test_a_package_imports_only_what_its_layer_may(layer: Layer) -> None:
    found = [
        text for name, path in modules(layer.package) if owner(name) is layer for text in illegal(layer, name, path)
    ]
    assert not found


@pytest.mark.parametrize("layer", PURE, ids=lambda layer: layer.package)
def test_a_pure_module_does_no_io(layer: Layer) -> None:
    package = layer.package.rpartition(".")[0]
    inner = Layer(layer.package, (*layer.allowed, package), layer.never)
    assert not [text for name, path in modules(layer.package) for text in illegal(inner, name, path)]


def test_controllers_meet_only_in_the_api() -> None:
    """A loop is a folder. The files beside the folders are for all of them, and `run` starts them."""
    folder = ROOT / "apiserver/controllers"
    loops = {path.name for path in folder.iterdir() if path.is_dir()} - {"__pycache__"}
    for name, path in modules("apiserver.controllers"):
        if name == "apiserver.controllers.run":
            continue
        foreign = [
            other
            for other in imports(path, name)
            for loop in loops - {name.split(".")[2] if name.count(".") > 1 else ""}
            if within(other, f"apiserver.controllers.{loop}")
        ]
        assert not foreign, f"{name} imports {foreign}"

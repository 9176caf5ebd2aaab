"""docs/services.md: each field of a Service has its row, and the test that the row names is there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor

from protos.kubernetes import core_pb2

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `([\w.\[\]]+)` \| .+ \| `(\S+)::(\w+)` \|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs/services.md").read_text())
FOREIGN = {"Condition", "IntOrString"}  # messages that are not about Services


def fields(message: Descriptor, path: str) -> Iterator[str]:
    """The paths of all fields, and of those within them that belong to Services alone."""
    for field in message.fields:
        own, inner = f"{path}.{field.name}", field.message_type
        yield own
        if inner is not None and inner.name not in FOREIGN and not inner.GetOptions().map_entry:
            yield from fields(inner, f"{own}[]" if field.is_repeated else own)


def test_each_field_has_its_row() -> None:
    expected = {*fields(core_pb2.ServiceSpec.DESCRIPTOR, "spec"), *fields(core_pb2.ServiceStatus.DESCRIPTOR, "status")}
    named = [field for field, *_ in ROWS]
    assert sorted(named) == sorted(expected)


@pytest.mark.parametrize(("file", "test"), sorted({(file, test) for _, file, test in ROWS}))
def test_the_test_is_there(file: str, test: str) -> None:
    tree = ast.parse((ROOT / "tests" / file).read_text())
    assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}

"""How `get` shows each kind: one module per resource, each a table of columns; other kinds show name and age."""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

from protos.kinds import Kind
from svclab.cli.printers.cells import AGE, NAME
from svclab.cli.tables import Column


def columns(kind: Kind) -> Sequence[Column]:
    """The columns of a kind, those of `-o wide` among them."""
    module = f"svclab.cli.printers.{kind.resource}"
    if find_spec(module) is None:
        return (NAME, AGE)
    found: Sequence[Column] = import_module(module).COLUMNS
    return found

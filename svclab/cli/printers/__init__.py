"""How `get` shows each kind: one module per resource, each a table of columns."""

from collections.abc import Sequence
from importlib import import_module

from protos.kinds import Kind
from svclab.cli.tables import Column


def columns(kind: Kind) -> Sequence[Column]:
    """The columns of a kind, those of `-o wide` among them."""
    found: Sequence[Column] = import_module(f"svclab.cli.printers.{kind.resource}").COLUMNS
    return found

"""`get namespaces`."""

from typing import Any

from svclab.cli.printers.cells import AGE, NAME
from svclab.cli.tables import Column, View


def _status(namespace: Any, view: View) -> str:
    return str(namespace.status.phase)


COLUMNS = (NAME, Column("STATUS", _status), AGE)

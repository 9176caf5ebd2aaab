"""`get configmaps`."""

from typing import Any

from svclab.cli.printers.cells import AGE, NAME
from svclab.cli.tables import Column, View


def _entries(config_map: Any, view: View) -> str:
    return str(len(config_map.data) + len(config_map.binaryData))


COLUMNS = (NAME, Column("DATA", _entries), AGE)

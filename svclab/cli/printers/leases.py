"""`get leases`."""

from typing import Any

from svclab.cli.printers.cells import AGE, NAME
from svclab.cli.tables import Column, View


def _holder(lease: Any, view: View) -> str:
    return str(lease.spec.holderIdentity)


COLUMNS = (NAME, Column("HOLDER", _holder), AGE)

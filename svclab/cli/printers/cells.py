"""Cells that many kinds share."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from svclab.cli.durations import human_duration
from svclab.cli.tables import NONE, UNKNOWN, Column, View

SHOWN_ITEMS = 3  # of a list of endpoints or ports; the rest is counted


def name(obj: Any, view: View) -> str:
    return str(obj.metadata.name)


def namespace(obj: Any, view: View) -> str:
    return str(obj.metadata.namespace)


def age(obj: Any, view: View) -> str:
    return since(obj.metadata.creationTimestamp, view)


def since(moment: Any, view: View) -> str:
    """How long ago a Time or MicroTime was; `<unknown>` if it is unset."""
    if not moment.seconds:
        return UNKNOWN
    return human_duration(view.now - moment.seconds)


def label_text(labels: Mapping[str, str]) -> str:
    """`a=1,b=2`, sorted by key."""
    return ",".join(f"{key}={labels[key]}" for key in sorted(labels)) or NONE


def shortened(items: Iterable[str], empty: str = NONE) -> str:
    """The first items, and how many more there are: `a,b,c + 2 more...`."""
    found = list(items)
    if len(found) > SHOWN_ITEMS:
        return f"{','.join(found[:SHOWN_ITEMS])} + {len(found) - SHOWN_ITEMS} more..."
    return ",".join(found) or empty


def host_port(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def labels(obj: Any, view: View) -> str:
    return label_text(obj.metadata.labels)


def label_value(key: str) -> Callable[[Any, View], str]:
    """The cell of `-L key`."""
    return lambda obj, view: str(obj.metadata.labels.get(key, ""))


def label_header(key: str) -> str:
    """The header of `-L key`: the key's last part."""
    return key.rpartition("/")[2].upper()


NAME = Column("NAME", name)
NAMESPACE = Column("NAMESPACE", namespace)
AGE = Column("AGE", age)
LABELS = Column("LABELS", labels)

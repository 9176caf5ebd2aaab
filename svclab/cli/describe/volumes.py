"""The volumes of a described pod."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from svclab.cli.describe.generic import title
from svclab.cli.describe.text import Text
from svclab.cli.tables import NONE

Lines = Iterator[tuple[str, Any]]


def write_volumes(text: Text, volumes: Iterable[Any]) -> None:
    """A block for each volume: its type, then the fields of its source."""
    found = list(volumes)
    if not found:
        text.field("Volumes", NONE)
        return
    from protos.jsonform import to_json

    text.line("Volumes:")
    for volume in found:
        text.line(f"{volume.name}:", 1)
        sources = {key: value for key, value in to_json(volume).items() if key != "name"}
        for source, fields in sources.items():
            write = {"configMap": _config_map, "emptyDir": _empty_dir}.get(source)
            for name, value in write(fields) if write else _fields(source, fields):
                text.field(name, value, 2)


def _config_map(source: dict[str, Any]) -> Lines:
    """As kubectl shows it: not which keys, nor the mode."""
    yield "Type", "ConfigMap (a volume populated by a ConfigMap)"
    yield "Name", source.get("name", "")
    yield "Optional", str(source.get("optional", False)).lower()


def _empty_dir(source: dict[str, Any]) -> Lines:
    yield "Type", "EmptyDir (a temporary directory that shares a pod's lifetime)"
    yield "Medium", source.get("medium", "")
    yield "SizeLimit", source.get("sizeLimit", "<unset>")


def _fields(name: str, source: dict[str, Any]) -> Lines:
    yield "Type", name[:1].upper() + name[1:]
    for key, value in source.items():
        yield title(key), value if isinstance(value, str) else json.dumps(value)

"""The volumes of a described pod."""

from collections.abc import Iterable
from typing import Any

from svclab.cli.describe.generic import title
from svclab.cli.describe.text import Text
from svclab.cli.tables import NONE


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
            text.field("Type", source[:1].upper() + source[1:], 2)
            for key, value in fields.items():
                text.field(title(key), value, 2)

"""`describe configmap`."""

from typing import Any

from svclab.cli.describe.related import Related
from svclab.cli.describe.text import Text

SHOWS_EVENTS = True


def describe(text: Text, config_map: Any, related: Related) -> None:
    text.head(config_map)
    text.line("")
    text.line("Data")
    text.line("====")
    for key in sorted(config_map.data):
        text.line(f"{key}:")
        text.line("----")
        text.line(config_map.data[key].replace("\t", "    "))
        text.line("")
    text.line("")
    text.line("BinaryData")
    text.line("====")
    for key in sorted(config_map.binaryData):
        text.line(f"{key}: {len(config_map.binaryData[key])} bytes")
    text.line("")

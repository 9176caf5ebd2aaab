"""`describe namespace`."""

from typing import Any

from svclab.cli.describe.related import Related
from svclab.cli.describe.text import Text

SHOWS_EVENTS = False


def describe(text: Text, namespace: Any, related: Related) -> None:
    text.head(namespace, namespaced=False)
    text.field("Status", namespace.status.phase)
    text.line("")
    text.line("No resource quota.")
    text.line("")
    text.line("No LimitRange resource.")

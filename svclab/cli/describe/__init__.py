"""How `describe` shows each kind: one module per resource; kinds without one are shown field by field."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from protos.kinds import kind_of
from svclab.cli.describe.events import write_events
from svclab.cli.describe.related import Related
from svclab.cli.describe.text import Text
from svclab.cli.tables import View


def describe(obj: Any, related: Related, view: View, *, with_events: bool) -> str:
    """The description of an object, as kubectl lays it out."""
    text = Text()
    name = f"svclab.cli.describe.{kind_of(obj).resource}"
    module = import_module(name if find_spec(name) else "svclab.cli.describe.generic")
    module.describe(text, obj, related)
    if with_events and module.SHOWS_EVENTS:
        write_events(text, related.events(obj), view)
    return text.finish()

"""`svclab events`."""

import sys
import time
from collections.abc import Sequence
from typing import Any

import click

from protos.kinds import EVENTS
from svclab.cli import options
from svclab.cli.command import command
from svclab.cli.describe.events import in_order
from svclab.cli.fetching import Following, fetch
from svclab.cli.messages import note
from svclab.cli.output import Output
from svclab.cli.printers.cells import NAMESPACE
from svclab.cli.printers.events import event_type, interval, message, reason
from svclab.cli.selection import Request, Selection, one_object
from svclab.cli.settings import namespace
from svclab.cli.tables import Column, TableWriter, View

EXAMPLES = """
# List recent events in the current namespace
svclab events

# List recent events in all namespaces
svclab events -A

# List events about a pod, then those that follow
svclab events --for pod/web --watch

# List recent only events of type 'Warning'
svclab events --types=Warning
"""

COLUMNS = (
    Column("LAST SEEN", interval),
    Column("TYPE", event_type),
    Column("REASON", reason),
    Column("OBJECT", lambda event, view: f"{event.involvedObject.kind}/{event.involvedObject.name}"),
    Column("MESSAGE", message),
)


@command(
    "events", examples=EXAMPLES, usage="[-o FORMAT] [--for TYPE/NAME] [--watch] [--types=Normal,Warning] [options]"
)
@options.all_namespaces
@click.option("--for", "subject", default="", help="Filter events to only those pertaining to the specified resource.")
@click.option("--types", multiple=True, help="Output only events of given types.")
@click.option("-w", "--watch", is_flag=True, help="After listing the requested events, watch for more events.")
@click.option("--no-headers", is_flag=True, help="When using the default output format, don't print headers.")
@options.output
@options.template
def events(
    all_namespaces: bool,
    subject: str,
    types: tuple[str, ...],
    watch: bool,
    no_headers: bool,
    output: str,
    template: str,
) -> None:
    """Display events, the oldest first: what happened to the objects of the cluster."""
    form = Output.parse(output, template)
    request = Request(EVENTS, "", "" if all_namespaces else namespace())
    field_selector = _about(subject)
    found = fetch(Selection((request,), field_selector=field_selector))
    wanted = {word.lower() for word in options.words(types)}
    show = _Printer(form, headers=not no_headers, all_namespaces=all_namespaces)
    objects = [event for event in in_order(found.objects) if not wanted or event.type.lower() in wanted]
    if not objects and not watch:
        note("No events found" + ("." if all_namespaces else f" in {namespace()} namespace."))
        return
    show.print(objects, as_list=not watch)
    following = Following(request, field_selector=field_selector)
    for event in following.events(found.resource_version) if watch else ():
        if event.type != "DELETED" and (not wanted or event.object.type.lower() in wanted):
            show.print([event.object], as_list=False)


def _about(subject: str) -> str:
    """The field selector of `--for`."""
    if not subject:
        return ""
    request = one_object([subject], "events --for")
    return f"involvedObject.kind={request.kind.kind},involvedObject.name={request.name}"


class _Printer:
    def __init__(self, form: Output, *, headers: bool, all_namespaces: bool) -> None:
        self.form = form
        self.table = TableWriter([*([NAMESPACE] if all_namespaces else []), *COLUMNS], headers)

    def print(self, objects: Sequence[Any], *, as_list: bool) -> None:
        if self.form.is_table:
            text = self.table.text(objects, View(time.time())) if objects else ""
        elif as_list:
            text = self.form.text(objects, as_list=True)
        else:
            text = "".join(self.form.watch_text(item) for item in objects)
        sys.stdout.write(text)
        sys.stdout.flush()

"""`svclab describe`."""

import sys
import time

import click

from svclab.cli import options
from svclab.cli.command import command
from svclab.cli.describe import describe as description
from svclab.cli.describe.related import Related
from svclab.cli.errors import ExitWith, api_error_text
from svclab.cli.fetching import Fetched, fetch
from svclab.cli.messages import complain, note
from svclab.cli.selection import Request, Selection, SelectionOptions, select
from svclab.cli.settings import client, namespace
from svclab.cli.tables import View

EXAMPLES = """
# Describe a service
svclab describe svc web

# Describe a node
svclab describe node node-1

# Describe all pods with a label
svclab describe pods -l app=web

# Describe all pods whose names begin with 'web'
svclab describe pods web
"""


@command("describe", examples=EXAMPLES, usage="(-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME) [options]")
@options.resources
@options.filenames
@options.label_selector
@options.all_namespaces
@click.option(
    "--show-events/--no-show-events", default=True, help="If true, display events related to the described object."
)
@options.given_as(SelectionOptions)
def describe(wanted: SelectionOptions, show_events: bool) -> None:
    """Show details of a specific resource or group of resources.

    Prints a detailed description of the selected resources, including related resources such as events. A name that
    does not exist is taken as the beginning of names.
    """
    selection = select(wanted, "describe")
    found = _with_prefixes(selection, fetch(selection))
    related, view = Related(client()), View(time.time())
    texts = (description(item, related, view, with_events=show_events) for item in found.objects)
    for at, text in enumerate(texts):
        sys.stdout.write(("\n\n" if at else "") + text)
    for error in found.errors:
        complain(api_error_text(error))
    if found.errors:
        raise ExitWith(1)
    if not found.objects:
        note("No resources found" + ("" if wanted.all_namespaces else f" in {namespace()} namespace."))


def _with_prefixes(selection: Selection, found: Fetched) -> Fetched:
    """Where exactly one name was asked for and is not there, what begins with it."""
    if len(selection.requests) != 1 or not found.errors:
        return found
    request = selection.requests[0]
    everything = fetch(Selection((Request(request.kind, "", request.namespace),)))
    matches = [item for item in everything.objects if item.metadata.name.startswith(request.name)]
    return Fetched(matches) if matches else found

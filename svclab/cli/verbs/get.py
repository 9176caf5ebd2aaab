"""`svclab get`."""

import sys
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import click

from protos.kinds import Kind, kind_of
from svclab.cli import options
from svclab.cli.command import command
from svclab.cli.errors import BadUsage, ExitWith, api_error_text
from svclab.cli.fetching import PAGE_SIZE, Following, fetch
from svclab.cli.listing import EventTables, Tables
from svclab.cli.messages import complain, note
from svclab.cli.output import Output
from svclab.cli.selection import Selection, select
from svclab.cli.settings import namespace

EXAMPLES = """
# List all pods
svclab get pods

# List services with more information (such as their selectors)
svclab get svc -o wide

# List several kinds, in all namespaces
svclab get svc,po,endpointslices -A

# One service as YAML; one field of it
svclab get svc web -o yaml
svclab get svc/web -o jsonpath='{.spec.clusterIP}'

# Own columns
svclab get po -o custom-columns=NAME:.metadata.name,IP:.status.podIP

# Follow what becomes of the pods with a label
svclab get pods -l app=web -w
"""


@command("get", examples=EXAMPLES, usage="[-o FORMAT] (TYPE[,TYPE] [NAME ...] | TYPE/NAME ... | -f FILE) [options]")
@options.resources
@options.output
@options.template
@options.all_namespaces
@options.selectors
@options.filenames
@click.option("-w", "--watch", is_flag=True, help="After listing the requested object(s), watch for changes.")
@click.option("--watch-only", is_flag=True, help="Watch for changes, without listing first.")
@click.option("--output-watch-events", is_flag=True, help="Show the type of each change when watching.")
@click.option("--sort-by", default="", help="Sort by this field, a JSONPath expression (e.g. '{.metadata.name}').")
@click.option(
    "--no-headers", is_flag=True, help="When using the default or custom-column output format, don't print headers."
)
@click.option("--show-labels", is_flag=True, help="When printing, show all labels as the last column.")
@click.option("--show-kind", is_flag=True, help="If present, list the resource type for the requested object(s).")
@click.option("-L", "--label-columns", multiple=True, help="Labels to be presented as columns, separated by commas.")
@click.option("--ignore-not-found", is_flag=True, help="If an object does not exist, the command returns exit code 0.")
@click.option(
    "--chunk-size",
    type=int,
    default=PAGE_SIZE,
    help="Return large lists in chunks rather than all at once. 0 disables.",
)
def get(
    words: tuple[str, ...],
    output: str,
    template: str,
    all_namespaces: bool,
    label_selector: str,
    field_selector: str,
    filenames: tuple[str, ...],
    recursive: bool,
    watch: bool,
    watch_only: bool,
    output_watch_events: bool,
    sort_by: str,
    no_headers: bool,
    show_labels: bool,
    show_kind: bool,
    label_columns: tuple[str, ...],
    ignore_not_found: bool,
    chunk_size: int,
) -> None:
    """Display one or many resources.

    Prints a table of the most important information about the specified resources. You can filter the list using a
    label selector and the --selector flag. Only the current namespace is shown unless --all-namespaces is given.

    Use "svclab api-resources" for a complete list of supported resources.
    """
    form = Output.parse(output, template, headers=not no_headers)
    selection = select(
        words,
        filenames=filenames,
        recursive=recursive,
        label_selector=label_selector,
        field_selector=field_selector,
        all_namespaces=all_namespaces,
    )
    tables = (EventTables if output_watch_events else Tables)(
        wide=form.format == "wide",
        headers=not no_headers,
        show_kind=show_kind or len(selection.kinds) > 1 or words[:1] == ("all",),
        show_namespace=all_namespaces,
        label_columns=options.words(label_columns),
        show_labels=show_labels,
    )
    if watch or watch_only:
        _watch(selection, form, tables, initial=not watch_only, with_events=output_watch_events)
        return
    found = fetch(selection, page_size=chunk_size, ignore_not_found=ignore_not_found)
    if sort_by:
        from svclab.cli.sorting import sort_objects

        found.objects = sort_objects(found.objects, sort_by)
    _print(found.objects, form, tables, selection)
    for error in found.errors:
        complain(api_error_text(error))
    if not found.objects and not found.errors and form.is_table and not ignore_not_found:
        note("No resources found" + ("" if _spans_namespaces(selection) else f" in {namespace()} namespace."))
    if found.errors:
        raise ExitWith(1)


def _print(objects: list[Any], form: Output, tables: Tables, selection: Selection) -> None:
    if not form.is_table:
        as_list = len(selection.requests) != 1 or not selection.requests[0].name
        if objects or as_list:
            sys.stdout.write(form.text(objects, as_list=as_list))
        return
    groups = [tables.text(kind, list(items)) for kind, items in groupby(objects, kind_of)]
    sys.stdout.write("\n".join(groups))


def _spans_namespaces(selection: Selection) -> bool:
    return any(not request.namespace for request in selection.requests)


def _watch(selection: Selection, form: Output, tables: Tables, *, initial: bool, with_events: bool) -> None:
    if len(selection.requests) != 1:
        raise BadUsage("you may only specify a single resource type, or a single object, with --watch")
    request = selection.requests[0]
    found = fetch(selection)
    for error in found.errors:
        raise error
    show = _EventPrinter(request.kind, form, tables, with_events)
    if initial:
        show.print("ADDED", found.objects)
    following = Following(request, selection.label_selector, selection.field_selector)
    for event in following.events(found.resource_version):
        show.print(event.type, [event.object])


class _EventPrinter:
    """Prints objects as they change."""

    def __init__(self, kind: Kind, form: Output, tables: Tables, with_events: bool) -> None:
        self.kind = kind
        self.form = form
        self.tables = tables
        self.with_events = with_events

    def print(self, event_type: str, objects: Sequence[Any]) -> None:
        if not objects:
            return
        if self.form.is_table:
            text = self.tables.text(self.kind, objects, event=event_type if self.with_events else "")
        elif self.with_events and self.form.format in ("json", "yaml"):
            text = "".join(self.form.event_text(event_type, item) for item in objects)
        else:
            text = "".join(self.form.watch_text(item) for item in objects)
        sys.stdout.write(text)
        sys.stdout.flush()

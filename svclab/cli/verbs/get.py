"""`svclab get`."""

import sys
from itertools import groupby
from typing import Any, NamedTuple

import click

from protos.kinds import kind_of
from svclab.cli import options
from svclab.cli.command import command
from svclab.cli.errors import ExitWith, api_error_text
from svclab.cli.fetching import PAGE_SIZE, fetch
from svclab.cli.listing import EventTables, Tables
from svclab.cli.messages import complain, note
from svclab.cli.output import Output
from svclab.cli.selection import Selection, SelectionOptions, select
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


class GetOptions(NamedTuple):
    """What the command was given beside its selection."""

    output: str
    template: str
    watch: bool
    watch_only: bool
    output_watch_events: bool
    sort_by: str
    no_headers: bool
    show_labels: bool
    show_kind: bool
    label_columns: tuple[str, ...]
    ignore_not_found: bool
    chunk_size: int


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
@options.given_as(SelectionOptions, GetOptions)
def get(wanted: SelectionOptions, given: GetOptions) -> None:
    """Display one or many resources.

    Prints a table of the most important information about the specified resources. You can filter the list using a
    label selector and the --selector flag. Only the current namespace is shown unless --all-namespaces is given.

    Use "svclab api-resources" for a complete list of supported resources.
    """
    form = Output.parse(given.output, given.template, headers=not given.no_headers)
    selection = select(wanted)
    tables = _tables(wanted, given, form, selection)
    if given.watch or given.watch_only:
        from svclab.cli.watching import watch

        watch(selection, form, tables, initial=not given.watch_only, with_events=given.output_watch_events)
        return
    found = fetch(selection, page_size=given.chunk_size, ignore_not_found=given.ignore_not_found)
    if given.sort_by:
        from svclab.cli.sorting import sort_objects

        found.objects = sort_objects(found.objects, given.sort_by)
    _print(found.objects, form, tables, selection)
    for error in found.errors:
        complain(api_error_text(error))
    if not found.objects and not found.errors and form.is_table and not given.ignore_not_found:
        note("No resources found" + ("" if _spans_namespaces(selection) else f" in {namespace()} namespace."))
    if found.errors:
        raise ExitWith(1)


def _tables(wanted: SelectionOptions, given: GetOptions, form: Output, selection: Selection) -> Tables:
    return (EventTables if given.output_watch_events else Tables)(
        wide=form.format == "wide",
        headers=not given.no_headers,
        show_kind=given.show_kind or len(selection.kinds) > 1 or wanted.words[:1] == ("all",),
        show_namespace=wanted.all_namespaces,
        label_columns=options.words(given.label_columns),
        show_labels=given.show_labels,
    )


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

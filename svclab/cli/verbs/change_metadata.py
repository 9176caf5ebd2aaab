"""What `label` and `annotate` have in common."""

from collections.abc import Callable
from typing import Any, NamedTuple

import click

from protos.kinds import kind_of
from svclab.cli import options
from svclab.cli.errors import BadUsage, ExitWith, api_error_text
from svclab.cli.fetching import fetch
from svclab.cli.messages import complain, note
from svclab.cli.metadata_changes import MetadataChange, Wording
from svclab.cli.output import qualified_name
from svclab.cli.results import DryRun, Results, results_for
from svclab.cli.selection import SelectionOptions, select
from svclab.cli.settings import client


def metadata_options(field: str) -> Callable[[Any], Any]:
    """The arguments and options of both verbs."""
    return options.combined(
        options.resources,
        options.filenames,
        options.selectors,
        options.all_objects,
        options.all_namespaces,
        click.option(
            "--overwrite",
            is_flag=True,
            help=f"If true, allow {field} to be overwritten, otherwise reject such updates.",
        ),
        click.option("--list", "show", is_flag=True, help=f"If true, display the {field} for a given resource."),
        click.option(
            "--resource-version", default="", help="Only update the object if this is its current resource version."
        ),
        options.dry_run,
        options.output,
        options.template,
    )


class MetadataOptions(NamedTuple):
    """What the verb was given beside its selection."""

    overwrite: bool
    show: bool
    resource_version: str
    dry_run: DryRun
    output: str
    template: str


def change_metadata(wording: Wording, wanted: SelectionOptions, given: MetadataOptions) -> None:
    """Runs the verb. Raises CliError."""
    resources, change = MetadataChange.parse(wanted.words, wording)
    if not change and not given.show:
        raise BadUsage(f"at least one {wording.noun} update is required")
    selection = select(wanted._replace(words=tuple(resources)), wording.noun)
    if selection.unnamed and not (wanted.all_objects or selection.narrowed or given.show):
        raise BadUsage("resource(s) were provided, but no name was specified")
    results = results_for(given.output, given.dry_run, given.template)
    found = fetch(selection)
    for obj in found.objects:
        if given.show:
            _show(obj, change, results, with_name=len(found.objects) > 1)
            continue
        with results.of_object():
            _change(obj, change, given, results)
    for error in found.errors:
        complain(api_error_text(error))
    if not found.objects and not found.errors:
        note("No resources found")
    results.finish()
    if found.errors:
        raise ExitWith(1)


def _change(obj: Any, change: MetadataChange, given: MetadataOptions, results: Results) -> None:
    if not given.overwrite:
        change.refuse_overwriting(obj)
    difference = change.difference(obj)
    for key in change.removals:
        if key not in difference:
            results.say(f'{change.wording.noun} "{key}" not found.')
    after = obj
    if given.dry_run == "client":
        after = change.applied(obj, difference)
    elif difference:
        metadata: dict[str, Any] = {change.wording.field: difference}
        if given.resource_version:
            metadata["resourceVersion"] = given.resource_version
        name, namespace, dry_run = obj.metadata.name, obj.metadata.namespace, given.dry_run == "server"
        after = client().patch(kind_of(obj), name, namespace, {"metadata": metadata}, type="merge", dry_run=dry_run)
    results.report(after, change.outcome(difference))


def _show(obj: Any, change: MetadataChange, results: Results, *, with_name: bool) -> None:
    if with_name:
        results.say(f"Listing {change.wording.field} for {qualified_name(obj)}:")
    entries = change.entries(obj)
    for key in sorted(entries):
        results.say(f"{' ' if with_name else ''}{key}={entries[key]}")

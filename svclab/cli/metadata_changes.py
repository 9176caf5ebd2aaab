"""What `label` and `annotate` have in common: KEY=VALUE and KEY- on the metadata of objects."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from protos.kinds import kind_of
from svclab.cli import options
from svclab.cli.errors import BadUsage, CliError, ExitWith, api_error_text
from svclab.cli.fetching import fetch
from svclab.cli.messages import complain, note
from svclab.cli.output import qualified_name
from svclab.cli.results import DryRun, Results, results_for
from svclab.cli.selection import select
from svclab.cli.settings import client


@dataclass(frozen=True)
class Changes:
    """The words of one of the two verbs, and its rule for keys and values."""

    noun: str
    field: str  # of ObjectMeta
    changed: str
    removed: str
    unchanged: str
    check: Callable[[str, str], list[str]]


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


def change_objects(
    changes: Changes,
    words: Sequence[str],
    *,
    filenames: Sequence[str],
    recursive: bool,
    label_selector: str,
    field_selector: str,
    all_objects: bool,
    all_namespaces: bool,
    overwrite: bool,
    show: bool,
    resource_version: str,
    dry_run: DryRun,
    output: str,
    template: str,
) -> None:
    """Runs the verb. Raises CliError."""
    resources, sets, removals = _split_words(words, changes)
    if not sets and not removals and not show:
        raise BadUsage(f"at least one {changes.noun} update is required")
    selection = select(
        resources,
        filenames=filenames,
        recursive=recursive,
        label_selector=label_selector,
        field_selector=field_selector,
        all_namespaces=all_namespaces,
        verb=changes.noun,
    )
    unnamed = any(not request.name for request in selection.requests)
    if unnamed and not (all_objects or label_selector or field_selector or show):
        raise BadUsage("resource(s) were provided, but no name was specified")
    results = results_for(output, dry_run, template)
    found = fetch(selection)
    for obj in found.objects:
        if show:
            _show(obj, changes, results, with_name=len(found.objects) > 1)
            continue
        with results.of_object():
            _change(obj, changes, sets, removals, results, overwrite=overwrite, resource_version=resource_version)
    for error in found.errors:
        complain(api_error_text(error))
    if not found.objects and not found.errors:
        note("No resources found")
    results.finish()
    if found.errors:
        raise ExitWith(1)


def _split_words(words: Sequence[str], changes: Changes) -> tuple[list[str], dict[str, str], list[str]]:
    """Resources, what to set, what to remove. Raises BadUsage."""
    resources: list[str] = []
    sets: dict[str, str] = {}
    removals: list[str] = []
    for word in words:
        key, equals, value = word.partition("=")
        if equals:
            if faults := changes.check(key, value):
                raise BadUsage(faults[0])
            sets[key] = value
        elif word.endswith("-"):
            removals.append(word[:-1])
        elif sets or removals:
            raise BadUsage(f"all resources must be specified before {changes.noun} changes: {word}")
        else:
            resources.append(word)
    if set(sets) & set(removals):
        article = "an" if changes.noun == "annotation" else "a"
        raise BadUsage(f"can not both modify and remove {article} {changes.noun} in the same command")
    return resources, sets, removals


def _change(
    obj: Any,
    changes: Changes,
    sets: Mapping[str, str],
    removals: Sequence[str],
    results: Results,
    *,
    overwrite: bool,
    resource_version: str,
) -> None:
    present = getattr(obj.metadata, changes.field)
    if not overwrite:
        _refuse_overwriting(present, sets)
    for key in removals:
        if key not in present:
            results.say(f'{changes.noun} "{key}" not found.')
    differing = {key: value for key, value in sets.items() if present.get(key) != value}
    gone = [key for key in removals if key in present]
    outcome = changes.changed if differing else changes.removed if gone else changes.unchanged
    after = obj
    if (differing or gone) and results.dry_run != "client":
        metadata: dict[str, Any] = {changes.field: {**differing, **dict.fromkeys(gone)}}
        if resource_version:
            metadata["resourceVersion"] = resource_version
        dry_run = results.dry_run == "server"
        after = client().patch(
            kind_of(obj),
            obj.metadata.name,
            obj.metadata.namespace,
            {"metadata": metadata},
            type="merge",
            dry_run=dry_run,
        )
    elif results.dry_run == "client":
        after = _changed_copy(obj, changes, differing, gone)
    results.report(after, outcome)


def _refuse_overwriting(present: Mapping[str, str], sets: Mapping[str, str]) -> None:
    for key, value in sets.items():
        if key in present and present[key] != value:
            raise CliError(f"'{key}' already has a value ({present[key]}), and --overwrite is false")


def _changed_copy(obj: Any, changes: Changes, sets: Mapping[str, str], removals: Sequence[str]) -> Any:
    copied = type(obj)()
    copied.CopyFrom(obj)
    entries = getattr(copied.metadata, changes.field)
    entries.update(sets)
    for key in removals:
        del entries[key]
    return copied


def _show(obj: Any, changes: Changes, results: Results, *, with_name: bool) -> None:
    if with_name:
        results.say(f"Listing {changes.field} for {qualified_name(obj)}:")
    entries = getattr(obj.metadata, changes.field)
    for key in sorted(entries):
        results.say(f"{' ' if with_name else ''}{key}={entries[key]}")

"""`svclab delete`."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import click

from protos.kinds import kind_of
from svclab.cli import options
from svclab.cli.command import command
from svclab.cli.deletion import Deletion
from svclab.cli.durations import Duration
from svclab.cli.errors import BadUsage, is_not_found
from svclab.cli.fetching import fetch
from svclab.cli.messages import note, warn
from svclab.cli.results import DryRun, Results, results_for
from svclab.cli.selection import Request, Selection, SelectionOptions, require_choice, select
from svclab.cli.settings import client

EXAMPLES = """
# Delete the objects of a file
svclab delete -f web.yaml

# Delete a pod and a service of the same name
svclab delete pod,svc web

# Delete by label
svclab delete pods,svc -l app=web

# Delete a pod with minimal delay
svclab delete pod web --now

# Delete all pods
svclab delete pods --all
"""

_PROPAGATION = {"background": "Background", "foreground": "Foreground", "orphan": "Orphan"}


class DeleteOptions(NamedTuple):
    """What the command was given beside its selection; `timeout` in seconds, 0: no limit."""

    grace_period: int
    now: bool
    force: bool
    ignore_not_found: bool
    wait: bool
    timeout: float
    cascade: str
    dry_run: DryRun
    output: str


@command("delete", examples=EXAMPLES, usage="([-f FILENAME] | TYPE [(NAME | -l label | --all)]) [options]")
@options.resources
@options.filenames
@options.selectors
@options.all_objects
@options.all_namespaces
@options.grace_period
@click.option("--now", is_flag=True, help="Resources are signaled for immediate shutdown (same as --grace-period=1).")
@click.option("--force", is_flag=True, help="Immediately remove resources from the API and bypass graceful deletion.")
@click.option("--ignore-not-found", is_flag=True, help='Treat "resource not found" as a successful delete.')
@click.option(
    "--wait/--no-wait", default=True, help="Wait for resources to be gone before returning. This waits for finalizers."
)
@click.option(
    "--timeout", type=Duration(), default="0", help="The length of time to wait before giving up; zero means no limit."
)
@click.option(
    "--cascade", type=click.Choice(list(_PROPAGATION)), default="background", help="What becomes of the dependents."
)
@options.dry_run
@click.option("-o", "--output", default="", help='Output mode. Use "-o name" for shorter output (resource/name).')
@options.given_as(SelectionOptions, DeleteOptions)
def delete(wanted: SelectionOptions, given: DeleteOptions) -> None:
    """Delete resources by file names, stdin, resources and names, or by resources and label selector.

    Pods end gracefully: their processes get SIGTERM and, after the grace period, SIGKILL. --now sets a grace period of
    1 second; --force does not wait for the node at all. The command returns when the objects are gone.
    """
    if given.output not in ("", "name"):
        raise BadUsage(f"unexpected -o output mode: {given.output}. We only support '-o name'")
    grace = _grace_period(given.grace_period, given.now, given.force)
    selection = select(wanted, "delete")
    _check(selection, wanted.all_objects)
    real = given.dry_run == "none"
    if given.force and real:
        warn(
            "Immediate deletion does not wait for confirmation that the running resource has been terminated. "
            "The resource may continue to run on the cluster indefinitely."
        )
    results = results_for(given.output, given.dry_run)
    deletion = Deletion(grace, _PROPAGATION[given.cascade], given.dry_run == "server", given.timeout)
    found = _objects(selection, results, ignore_not_found=given.ignore_not_found or wanted.all_objects)
    _delete_all(found, deletion, results, "force deleted" if given.force else "deleted", wait=given.wait and real)
    if not found and not results.failed and not given.ignore_not_found:
        note("No resources found")
    results.finish()


def _grace_period(seconds: int, now: bool, force: bool) -> int | None:
    if now and seconds >= 0:
        raise BadUsage("--now and --grace-period cannot be specified together")
    if force:
        if seconds > 0 or now:
            raise BadUsage("--force and --grace-period greater than 0 cannot be specified together")
        return 0
    if seconds == 0:
        return 1  # as kubectl: without --force the node is given the chance to end the processes
    return 1 if now else seconds if seconds > 0 else None


def _check(selection: Selection, all_objects: bool) -> None:
    if all_objects and selection.narrowed:
        raise BadUsage("setting 'all' parameter but found a non empty selector")
    if all_objects and not selection.unnamed:
        raise BadUsage("name cannot be provided when --all is specified")
    require_choice(selection, all_objects)


def _objects(selection: Selection, results: Results, *, ignore_not_found: bool) -> list[Any]:
    """What is to be deleted, as it is now."""
    found: list[Any] = []
    for request in selection.requests:
        if not request.name:
            single = Selection((request,), selection.label_selector, selection.field_selector)
            found.extend(fetch(single).objects)
            continue
        item = _look_up(request, results, ignore_not_found)
        found.extend([item] if item is not None else [])
    return found


def _look_up(request: Request, results: Results, ignore_not_found: bool) -> Any:
    from svclab.client.errors import ApiError

    with results.of_object(f'error when deleting "{request.source}"' if request.source else ""):
        try:
            return client().get(request.kind, request.name, request.namespace)
        except ApiError as error:
            if not (ignore_not_found and is_not_found(error)):
                raise
    return None


def _delete_all(objects: Sequence[Any], deletion: Deletion, results: Results, outcome: str, *, wait: bool) -> None:
    lingering = []
    for item in objects:
        with results.of_object():
            left = deletion.delete(item) if results.dry_run != "client" else None
            if left is not None:
                lingering.append(left)
            if results.form.format == "name":
                results.report(item, outcome)
            else:
                results.line(f'{kind_of(item).qualified} "{item.metadata.name}" {outcome}')
    for item in lingering if wait else ():
        with results.of_object():
            deletion.wait(item)

"""`svclab wait`."""

import time
from typing import Any

import click

from protos.kinds import kind_of
from svclab.cli import options
from svclab.cli.command import command
from svclab.cli.conditions import Condition, parse_condition
from svclab.cli.deletion import wait_gone
from svclab.cli.durations import Duration
from svclab.cli.errors import CliError
from svclab.cli.fetching import Following, fetch
from svclab.cli.results import Results, results_for
from svclab.cli.selection import Request, Selection, SelectionOptions, require_choice, select

EXAMPLES = """
# Wait for the pod 'web' to be ready
svclab wait --for=condition=Ready pod/web

# Wait for all pods with a label
svclab wait --for=condition=Ready pod -l app=web --timeout=60s

# Wait for a load balancer's address
svclab wait --for=jsonpath='{.status.loadBalancer.ingress}' service/web

# Wait for a field to have a value
svclab wait --for=jsonpath='{.status.phase}'=Running pod/web

# Wait for an object to appear, or to be gone
svclab wait --for=create pod/web
svclab wait --for=delete pod/web --timeout=60s
"""

_WEEK = 7 * 24 * 3600.0


@command(
    "wait", examples=EXAMPLES, usage="(-f FILENAME | TYPE/NAME | TYPE [(-l label | --all)]) --for=CONDITION [options]"
)
@options.resources
@click.option(
    "--for",
    "condition_text",
    default="",
    help="The condition to wait on: [create|delete|condition=NAME[=VALUE]|jsonpath='{PATH}'[=VALUE]].",
)
@click.option(
    "--timeout",
    type=Duration(),
    default="30s",
    help="How long to wait before giving up. Zero means check once, negative means a week.",
)
@options.filenames
@options.selectors
@options.all_objects
@options.all_namespaces
@options.output
@options.template
@options.given_as(SelectionOptions)
def wait(wanted: SelectionOptions, condition_text: str, timeout: float, output: str, template: str) -> None:
    """Wait for a specific condition on one or many resources.

    Waits until the condition is seen in the status of every given resource, or until the resources are created or
    deleted. A message is printed for each of them; the exit code is 1 if one did not get there in time.
    """
    condition = parse_condition(condition_text)
    results = results_for(output, "none", template)
    selection = select(wanted, "wait")
    require_choice(selection, wanted.all_objects)
    deadline = time.monotonic() + (timeout if timeout >= 0 else _WEEK)
    if condition.event == "create":
        _wait_created(selection, deadline, results)
    else:
        _wait_all(selection, condition, deadline, results)
    results.finish()


def _wait_all(selection: Selection, condition: Condition, deadline: float, results: Results) -> None:
    found = fetch(selection, ignore_not_found=condition.event == "delete")
    for error in found.errors:
        with results.of_object():
            raise error
    if not found.objects and not found.errors and condition.event != "delete":
        raise CliError("no matching resources found")
    for obj in found.objects:
        request = Request(kind_of(obj), obj.metadata.name, obj.metadata.namespace)
        with results.of_object():
            if condition.event == "delete":
                if not wait_gone(request, obj.metadata.uid, deadline):
                    raise _timed_out(request)
                results.report(obj, "condition met")
            else:
                results.report(_wait_state(request, obj, condition, deadline), "condition met")


def _wait_state(request: Request, obj: Any, condition: Condition, deadline: float) -> Any:
    """The object in the state that was waited for."""
    if condition.met(obj):
        return obj
    for event in Following(request).events(obj.metadata.resourceVersion, deadline):
        if event.type == "DELETED":
            raise CliError(f'{request.kind.resource} "{request.name}" was deleted while waiting for the condition')
        if condition.met(event.object):
            return event.object
    raise _timed_out(request)


def _wait_created(selection: Selection, deadline: float, results: Results) -> None:
    for request in selection.requests:
        single = Selection((request,), selection.label_selector, selection.field_selector)
        with results.of_object():
            results.report(_first(single, request, deadline), "condition met")


def _first(selection: Selection, request: Request, deadline: float) -> Any:
    """The object that is there, or the first that comes."""
    found = fetch(selection, ignore_not_found=True)
    if found.objects:
        return found.objects[0]
    following = Following(request, selection.label_selector, selection.field_selector)
    for event in following.events(found.resource_version, deadline):
        if event.type != "DELETED":
            return event.object
    raise _timed_out(request)


def _timed_out(request: Request) -> CliError:
    return CliError(f"timed out waiting for the condition on {request.kind.resource}/{request.name}")

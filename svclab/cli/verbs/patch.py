"""`svclab patch`."""

import json
from pathlib import Path
from typing import Any, Literal

import click

from svclab.cli import options
from svclab.cli.command import command
from svclab.cli.errors import BadUsage, CliError
from svclab.cli.results import DryRun, Results, results_for
from svclab.cli.selection import Request, SelectionOptions, select
from svclab.cli.settings import client

EXAMPLES = """
# Change the session affinity of a service
svclab patch svc web -p '{"spec":{"sessionAffinity":"ClientIP"}}'

# The same in YAML
svclab patch svc web -p 'spec: {sessionAffinity: ClientIP}'

# A JSON patch
svclab patch svc web --type=json -p='[{"op":"replace","path":"/spec/ports/0/port","value":81}]'

# Set the address of a load balancer by hand
svclab patch svc web --subresource=status -p '{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}}'
"""

PatchType = Literal["strategic", "merge", "json"]


@command(
    "patch", examples=EXAMPLES, usage="(-f FILENAME | TYPE NAME | TYPE/NAME) [-p PATCH|--patch-file FILE] [options]"
)
@options.resources
@options.filenames
@click.option("-p", "--patch", "patch_text", default="", help="The patch to be applied to the resource: JSON or YAML.")
@click.option("--patch-file", default="", help="A file containing a patch to be applied to the resource.")
@click.option(
    "--type",
    "patch_type",
    type=click.Choice(["strategic", "merge", "json"]),
    default="strategic",
    help="The type of patch being provided; one of [json merge strategic].",
)
@click.option("--subresource", type=click.Choice(["", "status"]), default="", help="Patch this subresource: status.")
@options.dry_run
@options.output
@options.template
@click.option("--strict", is_flag=True, help="Refuse unknown fields.")
@options.given_as(SelectionOptions)
def patch(
    wanted: SelectionOptions,
    patch_text: str,
    patch_file: str,
    patch_type: PatchType,
    subresource: Literal["", "status"],
    dry_run: DryRun,
    output: str,
    template: str,
    strict: bool,
) -> None:
    """Update fields of a resource using strategic merge patch, a JSON merge patch, or a JSON patch.

    A strategic merge patch merges lists by their keys (the ports of a service by port) where a JSON merge patch
    replaces them.
    """
    results = results_for(output, dry_run, template)
    value = _patch_value(patch_text, patch_file, patch_type)
    for request in select(wanted, "patch").requests:
        if not request.name:
            raise BadUsage("resource(s) were provided, but no name was specified")
        with results.of_object():
            _patch(request, value, patch_type, subresource, results, strict)
    results.finish()


def _patch_value(text: str, path: str, patch_type: PatchType) -> Any:
    if bool(text) == bool(path):
        raise BadUsage("must specify --patch or --patch-file containing the contents of the patch")
    if path:
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CliError(f'unable to read patch file "{path}": {error}') from error
    value = _parse(text)
    if patch_type == "json" and not isinstance(value, list):
        raise CliError("a JSON patch must be a list of operations")
    if patch_type != "json" and not isinstance(value, dict):
        raise CliError(f"unable to parse {text!r}: a {patch_type} patch must be an object")
    return value


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        from svclab.cli.documents import read_yaml
        from svclab.cli.documents.document import Malformed

    try:
        documents = list(read_yaml.read(text))
    except Malformed as error:
        raise CliError(f"unable to parse the patch: {error}") from error
    return documents[0].value if documents else None


def _patch(
    request: Request,
    value: Any,
    patch_type: PatchType,
    subresource: Literal["", "status"],
    results: Results,
    strict: bool,
) -> None:
    before = client().get(request.kind, request.name, request.namespace)
    after = client().patch(
        request.kind,
        request.name,
        request.namespace,
        value,
        type=patch_type,
        subresource=subresource,
        dry_run=results.dry_run != "none",
        strict=strict,
    )
    results.report(after, "patched" if _differs(before, after) else "patched (no change)")


def _differs(before: Any, after: Any) -> bool:
    left, right = type(before)(), type(after)()
    left.CopyFrom(before)
    right.CopyFrom(after)
    left.metadata.resourceVersion = right.metadata.resourceVersion = ""
    return bool(left != right)

"""`svclab edit`."""

from typing import Any

import click

from protos.jsonform import FormError, to_object
from protos.kinds import kind_of
from svclab.cli import options
from svclab.cli.command import command
from svclab.cli.documents.document import Malformed
from svclab.cli.documents.write import to_json_text, to_yaml_text
from svclab.cli.editor import edit_text, keep_text
from svclab.cli.errors import CliError, ExitWith, api_error_text, api_error_type
from svclab.cli.fetching import fetch
from svclab.cli.messages import complain, note
from svclab.cli.results import Results, results_for
from svclab.cli.selection import SelectionOptions, select
from svclab.cli.settings import client

EXAMPLES = """
# Edit the service 'web'
svclab edit svc/web

# Use another editor
KUBE_EDITOR="nano" svclab edit svc/web
"""

_HEADER = """\
# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
"""


@command("edit", examples=EXAMPLES, usage="(TYPE NAME | TYPE/NAME | -f FILENAME) [options]")
@options.resources
@options.filenames
@click.option("-o", "--output", type=click.Choice(["yaml", "json"]), default="yaml", help="The format to edit in.")
@options.given_as(SelectionOptions)
def edit(wanted: SelectionOptions, output: str) -> None:
    """Edit a resource in your editor: $KUBE_EDITOR, $VISUAL or $EDITOR, else vi.

    What is saved is compared with what was opened, and the differences are sent to the server. If it refuses them the
    editor opens again with the reason at the top.
    """
    results = results_for("", "none")
    found = fetch(select(wanted, "edit"))
    for error in found.errors:
        complain(api_error_text(error))
    for obj in found.objects:
        _edit(obj, output, results)
    if found.errors:
        raise ExitWith(1)


def _edit(obj: Any, output: str, results: Results) -> None:
    original = to_object(obj)
    body = to_json_text(original) + "\n" if output == "json" else to_yaml_text(original)
    reason = ""
    while True:
        text = edit_text(_HEADER + "".join(f"# {line}\n" for line in reason.splitlines()) + body, f".{output}")
        edited = _without_comments(text)
        if not edited.strip():
            note("Edit cancelled, saved file was empty.")
            return
        if edited == body and not reason:
            note("Edit cancelled, no changes made.")
            return
        if edited == body:
            complain(reason)
            note(f'A copy of your changes has been stored to "{keep_text(edited, f".{output}")}"')
            raise ExitWith(1)
        try:
            _save(obj, original, edited, results)
            return
        except (CliError, Malformed, FormError) as error:
            reason = f"error: {error}"
        except Exception as error:
            if not isinstance(error, api_error_type()):
                raise
            reason = api_error_text(error)
        body = edited


def _without_comments(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


def _save(obj: Any, original: dict[str, Any], text: str, results: Results) -> None:
    """Sends what differs. Raises what is wrong with the text, or the server's error."""
    from protos.jsonform import from_json
    from protos.patch import three_way_strategic

    value = _parse(text)
    kind = kind_of(obj)
    same = (kind.api_version, kind.kind, obj.metadata.name)
    if (value.get("apiVersion"), value.get("kind"), (value.get("metadata") or {}).get("name")) != same:
        raise CliError("apiVersion, kind and name may not be changed")
    warnings: list[str] = []
    from_json(kind.message, value, warnings=warnings)
    if warnings:
        raise CliError("; ".join(warnings))
    patch = three_way_strategic(kind.message, original, value, original)
    if not patch:
        note("Edit cancelled, no changes made.")
        return
    changed = client().patch(kind, obj.metadata.name, obj.metadata.namespace, patch, type="strategic")
    results.report(changed, "edited")


def _parse(text: str) -> dict[str, Any]:
    from svclab.cli.files import File
    from svclab.cli.manifests import read_documents

    documents = read_documents(File("the edited file", text.encode()))
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        raise CliError("the edited file must hold exactly one object")
    return documents[0].value

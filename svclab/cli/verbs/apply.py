"""`svclab apply`: a three-way merge of the manifest, what was applied last, and the live object."""

from collections.abc import Sequence
from typing import Any

import click

from protos.jsonform import to_object
from protos.kinds import KINDS
from svclab.cli import options
from svclab.cli.command import command
from svclab.cli.errors import BadUsage, is_not_found
from svclab.cli.input import ManifestOptions, manifests_of, require_names
from svclab.cli.last_applied import ANNOTATION, annotate, last_applied_value, modified_value
from svclab.cli.manifests import Manifest
from svclab.cli.messages import warn
from svclab.cli.results import DryRun, Results, results_for
from svclab.cli.settings import client

EXAMPLES = """
# Apply the configuration in web.yaml
svclab apply -f web.yaml

# Apply all manifests of a folder
svclab apply -f ./manifests/

# Apply what another program writes
cat web.yaml | svclab apply -f -

# Apply, and delete what was applied before with this label and is no longer in the file
svclab apply --prune -f web.yaml -l app=web
"""


@command("apply", examples=EXAMPLES, usage="-f FILENAME [options]")
@options.filenames
@options.output
@options.template
@options.dry_run
@options.validation
@options.label_selector
@options.all_objects
@click.option(
    "--prune", is_flag=True, help="Delete objects that were applied before and do not appear now. Use with -l or --all."
)
@click.option("--force", is_flag=True, help="Delete and create again an object that refuses the change.")
@click.option("--overwrite/--no-overwrite", default=True, help="Resolve conflicts by using values from the manifest.")
@options.given_as(ManifestOptions)
def apply(
    files: ManifestOptions,
    output: str,
    template: str,
    dry_run: DryRun,
    label_selector: str,
    all_objects: bool,
    prune: bool,
    force: bool,
    overwrite: bool,
) -> None:
    """Apply a configuration to a resource by file name or stdin.

    The resource is created if it doesn't exist yet. Fields that a former apply set and the file no longer has are
    removed; fields that others set stay as they are. YAML and JSON are accepted; every document is checked before
    the first change is made.
    """
    if prune and not label_selector and not all_objects:
        raise BadUsage(
            "all resources selected for prune without explicitly passing --all. "
            "To prune all resources, pass the --all flag"
        )
    results = results_for(output, dry_run, template)
    manifests = manifests_of(files, "apply")
    require_names(manifests)
    for manifest in _selected(manifests, label_selector):
        with results.of_object(f'error when applying "{manifest.source}"'):
            apply_one(manifest, results, force=force)
    if prune and not results.failed:
        _prune(manifests, label_selector, results)
    results.finish()


def _selected(manifests: Sequence[Manifest], label_selector: str) -> list[Manifest]:
    if not label_selector:
        return list(manifests)
    from protos.selectors import LabelSelector

    try:
        selector = LabelSelector.parse(label_selector)
    except ValueError as error:
        raise BadUsage(str(error)) from error
    return [manifest for manifest in manifests if selector.matches(manifest.message.metadata.labels)]


def apply_one(manifest: Manifest, results: Results, *, force: bool = False) -> None:
    """Creates or changes one object, and reports it."""
    from svclab.client.errors import ApiError

    value = modified_value(manifest)
    try:
        live = client().get(manifest.kind, manifest.name, manifest.namespace)
    except ApiError as error:
        if not is_not_found(error):
            raise
        _create(manifest, value, results)
        return
    try:
        _change(manifest, value, live, results)
    except ApiError as error:
        if not force or error.reason not in ("Invalid", "Conflict") or results.dry_run != "none":
            raise
        _replace(manifest, value, live, results)


def _create(manifest: Manifest, value: dict[str, Any], results: Results) -> None:
    obj = annotate(manifest.message, value)
    if results.dry_run != "client":
        obj = client().create(obj, dry_run=results.dry_run == "server")
    results.report(obj, "created")


def _change(manifest: Manifest, value: dict[str, Any], live: Any, results: Results) -> None:
    from protos.patch import three_way_strategic

    last = last_applied_value(live)
    if last is None:
        warn(_missing_annotation(manifest))
    patch = three_way_strategic(manifest.kind.message, last or {}, value, to_object(live))
    if not patch:
        results.report(live, "unchanged")
        return
    if results.dry_run == "client":
        results.report(_patched(manifest, live, patch), "configured")
        return
    dry_run = results.dry_run == "server"
    changed = client().patch(manifest.kind, manifest.name, manifest.namespace, patch, type="strategic", dry_run=dry_run)
    same = changed.metadata.resourceVersion == live.metadata.resourceVersion and not dry_run
    results.report(changed, "unchanged" if same else "configured")


def _patched(manifest: Manifest, live: Any, patch: dict[str, Any]) -> Any:
    """What the server would most likely make of the patch."""
    from protos.jsonform import from_json
    from protos.patch import strategic_merge

    return from_json(manifest.kind.message, strategic_merge(manifest.kind.message, to_object(live), patch))


def _replace(manifest: Manifest, value: dict[str, Any], live: Any, results: Results) -> None:
    from svclab.cli.deletion import Deletion

    Deletion(grace_period=0).delete_and_wait(live)
    created = client().create(annotate(manifest.message, value))
    results.report(created, "configured")


def _missing_annotation(manifest: Manifest) -> str:
    return (
        f"resource {manifest.kind.resource}/{manifest.name} is missing the {ANNOTATION} annotation "
        "which is required by svclab apply. svclab apply should only be used on resources created declaratively "
        "by either svclab create --save-config or svclab apply. The missing annotation will be patched automatically."
    )


def _prune(manifests: Sequence[Manifest], label_selector: str, results: Results) -> None:
    """Deletes applied objects in the namespaces of the manifests that are not among them."""
    keep = {(manifest.kind.resource, manifest.namespace, manifest.name) for manifest in manifests}
    namespaces = sorted({manifest.namespace for manifest in manifests if manifest.namespace})
    prunable = [kind for kind in KINDS if kind.resource in ("configmaps", "endpoints", "pods", "services")]
    for kind in prunable:
        for namespace in namespaces:
            for item in client().list(kind, namespace, label_selector=label_selector).items:
                key = (kind.resource, namespace, item.metadata.name)
                if key in keep or ANNOTATION not in item.metadata.annotations:
                    continue
                if results.dry_run != "client":
                    client().delete(kind, item.metadata.name, namespace, dry_run=results.dry_run == "server")
                results.report(item, "pruned")

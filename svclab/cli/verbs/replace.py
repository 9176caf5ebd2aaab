"""`svclab replace`."""

import click

from svclab.cli import options
from svclab.cli.command import command
from svclab.cli.deletion import Deletion
from svclab.cli.durations import Duration
from svclab.cli.errors import is_not_found
from svclab.cli.input import ManifestOptions, manifests_of, require_names
from svclab.cli.last_applied import ANNOTATION, annotate, modified_value
from svclab.cli.manifests import Manifest
from svclab.cli.results import DryRun, Results, results_for
from svclab.cli.settings import client

EXAMPLES = """
# Replace a service using the data in web.yaml
svclab replace -f web.yaml

# Change one field of a live object and put it back
svclab get svc web -o yaml | sed 's/port: 80$/port: 81/' | svclab replace -f -

# Delete and then create again
svclab replace --force -f web.yaml
"""


@command("replace", examples=EXAMPLES, usage="-f FILENAME [options]")
@options.filenames
@options.output
@options.template
@options.dry_run
@options.validation
@options.grace_period
@click.option("--force", is_flag=True, help="Delete the object, then create it again.")
@click.option("--save-config", is_flag=True, help="Keep the manifest in the object's annotation, for a later apply.")
@click.option(
    "--timeout", type=Duration(), default="0", help="The length of time to wait for a delete; zero means no limit."
)
@options.given_as(ManifestOptions)
def replace(
    files: ManifestOptions,
    output: str,
    template: str,
    dry_run: DryRun,
    grace_period: int,
    force: bool,
    save_config: bool,
    timeout: float,
) -> None:
    """Replace a resource by file name or stdin.

    The whole object must be given. A resourceVersion in it makes the server refuse the write if somebody else has
    changed the object since.
    """
    results = results_for(output, dry_run, template)
    manifests = manifests_of(files, "replace")
    require_names(manifests)
    deletion = Deletion(grace_period if grace_period >= 0 else None, timeout=timeout)
    for manifest in manifests:
        with results.of_object(f'error when replacing "{manifest.source}"'):
            if force and dry_run == "none":
                _recreate(manifest, deletion, results)
            else:
                _update(manifest, save_config, results)
    results.finish()


def _update(manifest: Manifest, save_config: bool, results: Results) -> None:
    obj = manifest.message
    if save_config or ANNOTATION in obj.metadata.annotations:
        obj = annotate(obj, modified_value(manifest))
    if results.dry_run != "client":
        obj = client().update(obj, dry_run=results.dry_run == "server")
    results.report(obj, "replaced")


def _recreate(manifest: Manifest, deletion: Deletion, results: Results) -> None:
    from svclab.client.errors import ApiError

    try:
        deletion.delete_and_wait(manifest.message)
    except ApiError as error:
        if not is_not_found(error):
            raise
    manifest.message.metadata.resourceVersion = ""
    manifest.message.metadata.uid = ""
    results.report(client().create(manifest.message), "replaced")

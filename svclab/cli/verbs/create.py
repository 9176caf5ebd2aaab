"""`svclab create`: from files, or by one of its subcommands."""

import click

from protos.kubernetes import core_pb2
from svclab.cli import options
from svclab.cli.command import CommandGroup
from svclab.cli.input import ManifestOptions, manifests_of
from svclab.cli.last_applied import annotate, modified_value
from svclab.cli.results import results_for
from svclab.cli.settings import client
from svclab.cli.verbs.create_configmap import configmap
from svclab.cli.verbs.create_object import CreationOptions, create_object, creation_options
from svclab.cli.verbs.create_service import service

EXAMPLES = """
# Create the objects of a file
svclab create -f web.yaml

# Create from what another program writes
cat web.yaml | svclab create -f -

# Create a service, a namespace
svclab create service clusterip web --tcp=80:8080
svclab create namespace test
"""


@click.group(
    "create",
    cls=CommandGroup,
    invoke_without_command=True,
    examples=EXAMPLES,
    usage="-f FILENAME [options]\n  svclab create COMMAND [options]",
)
@options.filenames
@options.output
@options.template
@options.dry_run
@options.validation
@click.option("--save-config", is_flag=True, help="Keep the manifest in the object's annotation, for a later apply.")
@options.given_as(ManifestOptions, CreationOptions)
@click.pass_context
def create(ctx: click.Context, files: ManifestOptions, given: CreationOptions) -> None:
    """Create a resource from a file or from stdin.

    YAML and JSON are accepted; every document is checked before the first object is created.
    """
    if ctx.invoked_subcommand is not None:
        return
    results = results_for(given.output, given.dry_run, given.template)
    for manifest in manifests_of(files, "create"):
        obj = annotate(manifest.message, modified_value(manifest)) if given.save_config else manifest.message
        with results.of_object(f'error when creating "{manifest.source}"'):
            if given.dry_run != "client":
                obj = client().create(obj, dry_run=given.dry_run == "server")
            results.report(obj, "created")
    results.finish()


@create.command("namespace", examples="svclab create namespace test", usage="NAME [options]")
@click.argument("name")
@creation_options
@options.given_as(CreationOptions)
def namespace(creation: CreationOptions, name: str) -> None:
    """Create a namespace with the specified name. Alias: ns."""
    made = core_pb2.Namespace()
    made.metadata.name = name
    create_object(made, creation)


create.add_command(namespace, "ns")
create.add_command(configmap)
create.add_command(configmap, "cm")
create.add_command(service)
create.add_command(service, "svc")

"""What the subcommands of `create`, `run` and `expose` do with the object that they have made."""

from typing import Any, NamedTuple

import click

from protos.kinds import kind_of
from svclab.cli import options
from svclab.cli.results import DryRun, results_for
from svclab.cli.settings import client, namespace, settings

creation_options = options.combined(
    options.output,
    options.template,
    options.dry_run,
    click.option("--save-config", is_flag=True, help="Keep the object in its own annotation, for a later apply."),
)


class CreationOptions(NamedTuple):
    """What the `creation_options` were given."""

    output: str
    template: str
    dry_run: DryRun
    save_config: bool


def create_object(obj: Any, given: CreationOptions, outcome: str = "created") -> None:
    """Creates one object in the command's namespace and reports it."""
    dry_run = given.dry_run
    results = results_for(given.output, dry_run, given.template)
    if kind_of(obj).namespaced:
        obj.metadata.namespace = namespace() if dry_run != "client" else _explicit_namespace()
    if given.save_config:
        obj = _with_annotation(obj)
    if dry_run != "client":
        obj = client().create(obj, dry_run=dry_run == "server")
    results.report(obj, outcome)
    results.finish()


def _explicit_namespace() -> str:
    """An object that is only printed names its namespace only if the user did."""
    return settings().namespace


def _with_annotation(obj: Any) -> Any:
    from protos.jsonform import to_object
    from svclab.cli.last_applied import annotate, modified_value
    from svclab.cli.manifests import Manifest

    return annotate(obj, modified_value(Manifest(kind_of(obj), obj, to_object(obj), "")))

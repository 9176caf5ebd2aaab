"""`svclab convert`: manifests from one form into another; no cluster is needed."""

import sys
from typing import Any

import click

from svclab.cli import options
from svclab.cli.command import command
from svclab.cli.input import ManifestOptions, manifests_of
from svclab.cli.output import list_value

EXAMPLES = """
# A manifest as JSON
svclab convert -f web.yaml -o json

# Kubernetes' own protobuf form, and back
svclab convert -f web.yaml -o pb > web.pb
svclab convert -f web.pb -o yaml
"""


@command("convert", examples=EXAMPLES, usage="-f FILENAME [-o yaml|json|pb] [options]")
@options.filenames
@options.validation
@click.option(
    "-o",
    "--output",
    type=click.Choice(["yaml", "json", "pb"]),
    default="yaml",
    help="Output format. One of: (yaml, json, pb).",
)
@options.given_as(ManifestOptions)
def convert(files: ManifestOptions, output: str) -> None:
    """Convert manifests between YAML, JSON and Kubernetes' protobuf form.

    The protobuf form is Kubernetes' own: the bytes k8s\\0 and an envelope that names apiVersion and kind. Several
    objects become a List. Fields that the API does not know are left out, with a warning. No cluster is needed.
    """
    manifests = manifests_of(files, "convert", settle_namespaces=False)
    objects: list[Any] = [manifest.message for manifest in manifests]
    if output == "pb":
        from svclab.cli.envelope import encode

        sys.stdout.buffer.write(encode(objects))
        sys.stdout.buffer.flush()
        return
    sys.stdout.write(_text(objects, output))


def _text(objects: list[Any], output: str) -> str:
    from protos.jsonform import to_object
    from svclab.cli.documents.write import to_json_text, to_yaml_text

    if output == "yaml":
        return "---\n".join(to_yaml_text(to_object(item)) for item in objects)
    value = list_value(objects) if len(objects) > 1 else to_object(objects[0])
    return to_json_text(value) + "\n"

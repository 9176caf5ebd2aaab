"""`svclab label`."""

from svclab.cli import options
from svclab.cli.command import command
from svclab.cli.metadata_changes import Wording
from svclab.cli.selection import SelectionOptions
from svclab.cli.verbs.change_metadata import MetadataOptions, change_metadata, metadata_options

EXAMPLES = """
# Update pod 'foo' with the label 'unhealthy' and the value 'true'
svclab label pods foo unhealthy=true

# Overwrite an existing value
svclab label --overwrite pods foo status=unhealthy

# Update all pods in the namespace
svclab label pods --all status=unhealthy

# Remove a label
svclab label pods foo status-
"""


@command(
    "label", examples=EXAMPLES, usage="[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [options]"
)
@metadata_options("labels")
@options.given_as(SelectionOptions, MetadataOptions)
def label(wanted: SelectionOptions, given: MetadataOptions) -> None:
    """Update the labels on a resource.

    A label key and value must begin with a letter or number, and may contain letters, numbers, hyphens, dots, and
    underscores, up to 63 characters each; the key may begin with a DNS subdomain prefix and a '/', as in
    example.com/my-app. If --overwrite is true, existing labels can be overwritten, otherwise that is an error.
    """
    change_metadata(LABELS, wanted, given)


def _check(key: str, value: str) -> list[str]:
    from protos import labels

    return [
        *(f'invalid label key "{key}": {fault}' for fault in labels.qualified_name_faults(key)),
        *(f'invalid label value: "{value}": {fault}' for fault in labels.label_value_faults(value)),
    ]


LABELS = Wording("label", "labels", changed="labeled", removed="unlabeled", unchanged="not labeled", check=_check)

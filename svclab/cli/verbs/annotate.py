"""`svclab annotate`."""

from svclab.cli import options
from svclab.cli.command import command
from svclab.cli.metadata_changes import Wording
from svclab.cli.selection import SelectionOptions
from svclab.cli.verbs.change_metadata import MetadataOptions, change_metadata, metadata_options

EXAMPLES = """
# Update pod 'foo' with the annotation 'description' and the value 'my frontend'
svclab annotate pods foo description='my frontend'

# Overwrite an existing value
svclab annotate --overwrite pods foo description='my frontend running nginx'

# Update all pods in the namespace
svclab annotate pods --all description='my frontend'

# Remove an annotation
svclab annotate pods foo description-
"""


@command(
    "annotate", examples=EXAMPLES, usage="[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [options]"
)
@metadata_options("annotations")
@options.given_as(SelectionOptions, MetadataOptions)
def annotate(wanted: SelectionOptions, given: MetadataOptions) -> None:
    """Update the annotations on one or more resources.

    An annotation is a key/value pair that can hold larger (compared to a label), and possibly not human-readable, data.
    If --overwrite is true, existing annotations can be overwritten, otherwise that is an error.
    """
    change_metadata(ANNOTATIONS, wanted, given)


def _check(key: str, value: str) -> list[str]:
    from protos import labels

    return [f'invalid annotation key "{key}": {fault}' for fault in labels.qualified_name_faults(key)]


ANNOTATIONS = Wording(
    "annotation", "annotations", changed="annotated", removed="annotated", unchanged="annotated", check=_check
)

"""`svclab explain`: the fields of a kind, from its descriptors."""

from collections.abc import Mapping

import click
from google.protobuf.descriptor import FieldDescriptor

from protos.fields import Field, fields_of, value_descriptor
from svclab.cli.command import command
from svclab.cli.errors import BadUsage, CliError
from svclab.cli.selection import one_kind

EXAMPLES = """
# The fields of a service
svclab explain svc

# Those of its ports
svclab explain svc.spec.ports

# All fields, with their types
svclab explain svc --recursive
"""

_SCALARS = {
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BOOL: "boolean",
    FieldDescriptor.TYPE_INT32: "integer",
    FieldDescriptor.TYPE_INT64: "integer",
    FieldDescriptor.TYPE_DOUBLE: "number",
    FieldDescriptor.TYPE_BYTES: "string",
}


@command("explain", examples=EXAMPLES, usage="TYPE[.FIELD[.FIELD...]] [--recursive]")
@click.argument("path")
@click.option("--recursive", is_flag=True, help="Print the names of all the fields below.")
def explain(path: str, recursive: bool) -> None:
    """Describe the fields of a kind: their names and types."""
    word, *names = path.split(".")
    kind = one_kind(word)
    field: Field | None = None
    fields: Mapping[str, Field] = fields_of(kind.message.DESCRIPTOR)
    for name in names:
        field = fields.get(name)
        if field is None:
            raise CliError(f'field "{name}" does not exist')
        fields = _below(field)
    if not names and not fields:
        raise BadUsage(f"{word} has no fields")
    click.echo(f"KIND:       {kind.kind}\nVERSION:    {kind.api_version}\n")
    if field is not None:
        click.echo(f"FIELD: {names[-1]} <{type_name(field)}>\n")
    if fields:
        click.echo("FIELDS:")
        _list(fields, recursive, 1)


def _list(fields: Mapping[str, Field], recursive: bool, level: int) -> None:
    for name in sorted(fields):
        click.echo(f"{'  ' * level}{name}\t<{type_name(fields[name])}>")
        if recursive:
            _list(_below(fields[name]), recursive, level + 1)


def _below(field: Field) -> Mapping[str, Field]:
    return fields_of(field.message) if field.message is not None else {}


def type_name(field: Field) -> str:
    """The type in kubectl's words: `string`, `[]ServicePort`, `map[string]string`."""
    value = value_descriptor(field.descriptor)
    name = value.message_type.name if value.message_type is not None else _SCALARS[value.type]
    if field.is_map:
        return f"map[string]{name}"
    return f"[]{name}" if field.is_list else name
